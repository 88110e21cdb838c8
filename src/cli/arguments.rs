//! The global flags and the commands. The arguments of a command are in its own module.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::Failure;
use super::program::Program;
use crate::config::Flags;

/// An event-sourced backend for build farms and job control.
#[derive(Debug, Parser)]
#[command(
    name = "tallyman",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Configuration file [default: ./tallyman.toml if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "TALLYMAN_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Data directory
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Address and port of the server
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(super) listen: Option<String>,
    /// Use the server at this URL instead of the data directory
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TALLYMAN_SERVER",
        hide_env_values = true
    )]
    pub(super) server: Option<String>,
    /// Use the server of this context (see `tallyman context`)
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "TALLYMAN_CONTEXT",
        conflicts_with = "server"
    )]
    pub(super) context: Option<String>,
    /// API token [default: admin.token in the data directory]
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "TALLYMAN_TOKEN",
        hide_env_values = true
    )]
    pub(super) token: Option<String>,
    /// Output format
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub(super) output: Format,
    /// Show no progress bars
    #[arg(long, global = true)]
    pub(super) quiet: bool,
}

/// The output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Aligned columns
    Table,
    /// One JSON value
    Json,
    /// One YAML document
    Yaml,
    /// One JSON value per line
    Ndjson,
}

macro_rules! command {
    ($($context:ident $variant:ident $events:ident,)+) => {
        /// Those of the program itself, then those of each context.
        #[derive(Debug, Subcommand)]
        pub(super) enum Command {
            #[command(flatten)]
            Program(Program),
            $(#[command(flatten)] $variant(super::$context::Command),)+
        }

        impl Command {
            /// The commands of one part.
            pub(super) fn part(self) -> Box<dyn Commands> {
                match self {
                    Self::Program(command) => Box::new(command),
                    $(Self::$variant(command) => Box::new(command),)+
                }
            }
        }
    };
}
domain::contexts!(command);

/// Commands of a context or of the program itself. `--help` lists them in the order of
/// `display_order`, and those without one at the end.
pub(super) trait Commands {
    /// The command's name, if it never uses a server.
    fn works_here(&self) -> Option<&'static str> {
        None
    }

    /// Runs the command.
    ///
    /// # Errors
    /// What to print, with the exit code.
    fn run(self: Box<Self>, flags: &Flags, global: &Global) -> Result<(), Failure>;
}
