//! Commands of the context `builds`: builds, allocation models, comparing allocators.

mod build;
mod evaluate;
mod model;

use clap::Subcommand;

use super::Failure;
use super::arguments::{Commands, Global};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show builds, and requeue the collection of their usage
    #[command(subcommand, display_order = 4)]
    Build(build::Build),
    /// Compare allocators on a history of builds
    #[command(display_order = 14)]
    Evaluate(evaluate::Evaluate),
    /// Train an allocation model on the log
    #[command(display_order = 15)]
    Retrain(model::Retrain),
    /// Show, promote and roll back allocation models
    #[command(subcommand, display_order = 16)]
    Model(model::Model),
}

impl Commands for Command {
    fn works_here(&self) -> Option<&'static str> {
        match self {
            Self::Evaluate(_) => Some("evaluate"),
            _ => None,
        }
    }

    fn run(self: Box<Self>, flags: &Flags, global: &Global) -> Result<(), Failure> {
        match *self {
            Self::Build(verb) => build::run(flags, global, verb),
            Self::Evaluate(options) => evaluate::run(flags, global, &options),
            Self::Retrain(options) => model::retrain(flags, global, &options),
            Self::Model(verb) => model::run(flags, global, verb),
        }
    }
}
