//! The global flags and the commands. The arguments of a command are in its own module.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    apply, bench, build, config, context, demo, evaluate, event, import, model, projection, replay,
    run, token, worker,
};

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

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the server
    Serve,
    /// Run a server with a sample history, and print commands to try
    Demo(demo::Demo),
    /// Create and change groups, users, workers, pools, projects, templates and jobs from a file
    Apply(apply::Apply),
    /// List and follow events
    #[command(subcommand)]
    Event(event::Event),
    /// Show builds, and requeue the collection of their usage
    #[command(subcommand)]
    Build(build::Build),
    /// Show runs of jobs, and end or kill them
    #[command(subcommand)]
    Run(run::Run),
    /// Show workers, and which of them are silent
    #[command(subcommand)]
    Worker(worker::Worker),
    /// Verify, export, import and rebuild from the log
    #[command(subcommand)]
    Replay(replay::Replay),
    /// Import the history of another service
    #[command(subcommand)]
    Import(import::Import),
    /// Issue, list and revoke API tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Show the views and rebuild them
    #[command(subcommand)]
    Projection(projection::Projection),
    /// Manage named servers, and choose the one in use
    #[command(subcommand)]
    Context(context::Context),
    /// Diagnose the installation
    Doctor,
    /// Run benchmarks on this machine
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Compare allocators on a history of builds
    Evaluate(evaluate::Evaluate),
    /// Train an allocation model on the log
    Retrain(model::Retrain),
    /// Show, promote and roll back allocation models
    #[command(subcommand)]
    Model(model::Model),
    /// Print the configuration with the origin of each value
    Config(config::Config),
    /// Print a shell completion script
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// The command's name, if it never uses a server.
    pub(super) fn works_here(&self) -> Option<&'static str> {
        match self {
            Self::Serve => Some("serve"),
            Self::Demo(_) => Some("demo"),
            Self::Replay(_) => Some("replay"),
            Self::Import(_) => Some("import"),
            Self::Bench(_) => Some("bench"),
            Self::Evaluate(_) => Some("evaluate"),
            Self::Config(_) => Some("config"),
            Self::Apply(_)
            | Self::Event(_)
            | Self::Build(_)
            | Self::Run(_)
            | Self::Worker(_)
            | Self::Token(_)
            | Self::Projection(_)
            // `--server` is the server that gets a name.
            | Self::Context(_)
            | Self::Doctor
            | Self::Retrain(_)
            | Self::Model(_)
            | Self::Completions { .. } => None,
        }
    }
}
