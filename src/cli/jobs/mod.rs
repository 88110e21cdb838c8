//! Commands of the context `jobs`: runs and workers.

mod run;
mod worker;

use clap::Subcommand;

use super::Failure;
use super::arguments::{Commands, Global};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show runs of jobs, and end or kill them
    #[command(subcommand, display_order = 5)]
    Run(run::Run),
    /// Show workers, and which of them are silent
    #[command(subcommand, display_order = 6)]
    Worker(worker::Worker),
}

impl Commands for Command {
    fn run(self: Box<Self>, flags: &Flags, global: &Global) -> Result<(), Failure> {
        match *self {
            Self::Run(verb) => run::run(flags, global, verb),
            Self::Worker(verb) => worker::run(flags, global, verb),
        }
    }
}
