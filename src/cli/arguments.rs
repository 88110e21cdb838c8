//! What can be typed: the flags of all commands, and the commands. What follows a command stands in its own module.

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

/// Flags that every command understands.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Configuration file [default: ./tallyman.toml when it is there]
    #[arg(long, global = true, value_name = "FILE", env = "TALLYMAN_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Folder of everything that is kept
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Address and port of the server
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(super) listen: Option<String>,
    /// Ask this server instead of the data directory
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TALLYMAN_SERVER",
        hide_env_values = true
    )]
    pub(super) server: Option<String>,
    /// Ask the server that is known by this name (see `tallyman context`)
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "TALLYMAN_CONTEXT",
        conflicts_with = "server"
    )]
    pub(super) context: Option<String>,
    /// Token to ask it with [default: admin.token in the data directory]
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "TALLYMAN_TOKEN",
        hide_env_values = true
    )]
    pub(super) token: Option<String>,
    /// How answers are printed
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub(super) output: Format,
    /// No progress bars
    #[arg(long, global = true)]
    pub(super) quiet: bool,
}

/// The ways in which an answer can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
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
    /// Run a server with sample history, and say what to try
    Demo(demo::Demo),
    /// Make groups, users, workers, pools, projects, templates and jobs as a file wants them
    Apply(apply::Apply),
    /// Look at events
    #[command(subcommand)]
    Event(event::Event),
    /// Look at builds, and ask once more what they used
    #[command(subcommand)]
    Build(build::Build),
    /// Look at runs of jobs, end or kill one that does not end by itself
    #[command(subcommand)]
    Run(run::Run),
    /// Look at workers, and whether they still answer
    #[command(subcommand)]
    Worker(worker::Worker),
    /// Check, copy and rebuild from the log
    #[command(subcommand)]
    Replay(replay::Replay),
    /// Take over the history of another service
    #[command(subcommand)]
    Import(import::Import),
    /// Issue, list and revoke API tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Look at the views and rebuild them
    #[command(subcommand)]
    Projection(projection::Projection),
    /// Give servers names, and choose the one that is asked
    #[command(subcommand)]
    Context(context::Context),
    /// Look for what is wrong here
    Doctor,
    /// Measure this machine and this program
    #[command(subcommand)]
    Bench(bench::Bench),
    /// How good would the answers have been? Lets allocators compete on a history
    Evaluate(evaluate::Evaluate),
    /// Train a model on the log, beside the one that answers
    Retrain(model::Retrain),
    /// Look at trained models, let one answer, go back
    #[command(subcommand)]
    Model(model::Model),
    /// Print the configuration and where each value comes from
    Config(config::Config),
    /// Print a completion script
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// The command's name, if it never asks a server.
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
            // The server is the one that gets a name.
            | Self::Context(_)
            | Self::Doctor
            | Self::Retrain(_)
            | Self::Model(_)
            | Self::Completions { .. } => None,
        }
    }
}
