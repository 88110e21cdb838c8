//! Commands of the program itself: to run, configure, diagnose and measure it.

use std::io::Write;

use clap::{CommandFactory, Subcommand};

use super::arguments::{Arguments, Commands, Global};
use super::{Failure, bench, config, context, demo, doctor};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(super) enum Program {
    /// Run the server
    #[command(display_order = 0)]
    Serve,
    /// Run a server with a sample history, and print commands to try
    #[command(display_order = 1)]
    Demo(demo::Demo),
    /// Manage named servers, and choose the one in use
    #[command(subcommand, display_order = 11)]
    Context(context::Context),
    /// Diagnose the installation
    #[command(display_order = 12)]
    Doctor,
    /// Run benchmarks on this machine
    #[command(subcommand, display_order = 13)]
    Bench(bench::Bench),
    /// Print the configuration with the origin of each value
    #[command(display_order = 17)]
    Config(config::Config),
    /// Print a shell completion script
    #[command(display_order = 18)]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

impl Commands for Program {
    fn works_here(&self) -> Option<&'static str> {
        match self {
            Self::Serve => Some("serve"),
            Self::Demo(_) => Some("demo"),
            Self::Bench(_) => Some("bench"),
            Self::Config(_) => Some("config"),
            // `--server` is the server that gets a name.
            Self::Context(_) | Self::Doctor | Self::Completions { .. } => None,
        }
    }

    fn run(self: Box<Self>, flags: &Flags, global: &Global) -> Result<(), Failure> {
        match *self {
            Self::Serve => Ok(crate::serve::run(flags)?),
            Self::Demo(options) => demo::run(flags.clone(), &options),
            Self::Context(verb) => context::run(global, verb),
            Self::Doctor => doctor::run(flags, global),
            Self::Bench(what) => bench::run(&what),
            Self::Config(options) => config::run(flags, global, &options),
            Self::Completions { shell } => {
                // Into memory first: the library panics when its reader goes away.
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Arguments::command(), "tallyman", &mut script);
                std::io::stdout().write_all(&script)?;
                Ok(())
            }
        }
    }
}
