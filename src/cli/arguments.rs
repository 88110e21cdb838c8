//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    #[arg(long, global = true, value_name = "URL", env = "TALLYMAN_SERVER")]
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
    Demo(Demo),
    /// Make groups, users, workers, pools, projects, templates and jobs as a file wants them
    Apply(Apply),
    /// Look at events
    #[command(subcommand)]
    Event(Event),
    /// Look at builds, and ask once more what they used
    #[command(subcommand)]
    Build(Build),
    /// Check, copy and rebuild from the log
    #[command(subcommand)]
    Replay(Replay),
    /// Take over the history of another service
    #[command(subcommand)]
    Import(Import),
    /// Issue, list and revoke API tokens
    #[command(subcommand)]
    Token(Token),
    /// Look at the views and rebuild them
    #[command(subcommand)]
    Projection(Projection),
    /// Give servers names, and choose the one that is asked
    #[command(subcommand)]
    Context(Context),
    /// Look for what is wrong here
    Doctor,
    /// Measure this machine and this program
    #[command(subcommand)]
    Bench(Bench),
    /// How good would the answers have been? Lets allocators compete on a history
    Evaluate(super::evaluate::Evaluate),
    /// Train a model on the log, beside the one that answers
    Retrain(super::model::Retrain),
    /// Look at trained models, let one answer, go back
    #[command(subcommand)]
    Model(super::model::Model),
    /// Print the configuration and where each value comes from
    Config(Config),
    /// Print a completion script
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// How many builds of sample history to begin with
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(0..=200_000))]
    pub(super) builds: u32,
}

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// YAML or JSON (standard input for -)
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Why; kept with the events
    #[arg(long)]
    pub(super) reason: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Event {
    /// Print events as they come
    Tail {
        #[command(flatten)]
        filter: EventFilter,
        /// Begin after this position [default: the newest]
        #[arg(long)]
        after: Option<u64>,
        /// Stop after so many events
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Print one event
    Get {
        /// Its position
        position: u64,
    },
    /// Print events
    List {
        #[command(flatten)]
        filter: EventFilter,
        /// Only after this position
        #[arg(long)]
        after: Option<u64>,
        /// Only since this time (RFC 3339)
        #[arg(long)]
        since: Option<String>,
        /// Only until this time (RFC 3339)
        #[arg(long)]
        until: Option<String>,
        /// Oldest first or newest first
        #[arg(long, value_enum, default_value_t = Order::Descending)]
        order: Order,
        /// How many at the most
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Build {
    /// Print builds, the newest first
    List {
        /// Only those that stand so (`success`, `failed`, …)
        #[arg(long)]
        status: Option<String>,
        /// Only those of this git ref
        #[arg(long = "ref")]
        git_ref: Option<String>,
        /// Only those of this package
        #[arg(long)]
        package: Option<String>,
        /// Only those whose collection stands so (`queued`, `recorded`, `abandoned`, …)
        #[arg(long)]
        collection: Option<String>,
        /// How many at the most
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Print one build
    Get {
        /// `source:number`, or a bare number of the default source
        build: String,
        /// As of this position or time (RFC 3339) [default: now]
        #[arg(long, value_name = "POSITION|TIME")]
        as_of: Option<String>,
    },
    /// Print everything that happened to one build
    History {
        /// `source:number`, or a bare number of the default source
        build: String,
    },
    /// Ask once more what builds used
    Collect {
        /// `source:number`, or bare numbers of the default source
        #[arg(required = true)]
        builds: Vec<String>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// Oldest first
    #[value(name = "asc")]
    Ascending,
    /// Newest first
    #[value(name = "desc")]
    Descending,
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct EventFilter {
    /// Only this stream
    #[arg(long)]
    pub(super) stream: Option<String>,
    /// Only streams of this category
    #[arg(long)]
    pub(super) category: Option<String>,
    /// Only this type (`build.reported`) or types that begin so (`build.*`)
    #[arg(long = "type")]
    pub(super) event_type: Option<String>,
    /// Only what this actor did
    #[arg(long)]
    pub(super) actor: Option<String>,
    /// Only what came through this door
    #[arg(long)]
    pub(super) dialect: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Replay {
    /// Walk every frame of the log and report the first fault with its place
    Verify {
        /// Check frames and checksums only, not what the events say
        #[arg(long)]
        fast: bool,
    },
    /// Build views from the log, into a folder or just to compare
    Rebuild {
        /// Only these projections [default: all]
        names: Vec<String>,
        /// As of this position or time (RFC 3339)
        #[arg(long, value_name = "POSITION|TIME")]
        until: Option<String>,
        /// Write them here [default: memory, only the digests are printed]
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
    /// Compare the live views with views built from the log just now
    Diff {
        /// Only these projections [default: all]
        names: Vec<String>,
    },
    /// Show one thing as it was
    Show {
        /// A stream, for example `build-default:9892514`
        stream: String,
        /// As of this position or time (RFC 3339) [default: now]
        #[arg(long, value_name = "POSITION|TIME")]
        as_of: Option<String>,
    },
    /// Write the log as NDJSON (zstd when the name ends in .zst, standard output for -)
    Export {
        /// Where to
        file: PathBuf,
        /// From this position or time on
        #[arg(long, value_name = "POSITION|TIME")]
        from: Option<String>,
        /// Up to this position or time
        #[arg(long, value_name = "POSITION|TIME")]
        until: Option<String>,
        /// Only streams of this category
        #[arg(long)]
        category: Option<String>,
        /// Only this type, or types that begin so (`build.*`)
        #[arg(long = "type")]
        event_type: Option<String>,
        /// Carry the bodies that lie in the blob store as well
        #[arg(long)]
        blobs: bool,
    },
    /// Append what an export holds (zstd when the name ends in .zst, standard input for -)
    Import {
        /// Where from
        file: PathBuf,
        /// Check everything, write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// The SQLite database of a Gantry
    Gantry {
        /// The database
        #[arg(long, value_name = "FILE")]
        db: PathBuf,
        /// The source that its builds belong to
        #[arg(long, default_value = "default")]
        source: String,
        /// Stop at the first row that cannot be taken
        #[arg(long)]
        strict: bool,
        /// Check everything, write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Issue a token; it is shown once
    Create {
        /// What it is called
        name: String,
        /// What its holder may do
        #[arg(long, value_enum, default_value_t = Role::Reader)]
        role: Role,
        /// Only in these scopes, for example `events:read` [default: all that the role may]
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// When it ceases to be accepted (RFC 3339) [default: never]
        #[arg(long)]
        expires_at: Option<String>,
    },
    /// List tokens
    List,
    /// Accept a token no longer
    Revoke {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Look
    Reader,
    /// Requeue, rebuild, resubmit
    Operator,
    /// Everything
    Admin,
}

#[derive(Debug, Subcommand)]
pub(super) enum Projection {
    /// Positions, lag and rates
    List,
    /// Build one anew beside the old one, then swap
    Rebuild {
        /// Which
        name: String,
        /// Return at once instead of showing progress until it is done
        #[arg(long)]
        detach: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Context {
    /// Print the servers that are known by name
    List,
    /// Give the server of --server a name, or change what is known of it; the first one is in use at once
    Set {
        /// The name
        name: String,
        /// Read its token from here (standard input for -), so that no shell remembers it [default: --token]
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// Ask this one from now on
    Use {
        /// The name
        name: String,
    },
    /// Use none: ask the data directory from now on
    Leave,
    /// Forget one
    Remove {
        /// The name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Durable appends, against the disk's own rate
    Append {
        /// Where to write [default: a temporary folder]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Events of the sustained run
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
    },
    /// Webhooks over HTTP, durable, against the disk and an empty handler
    Ingest {
        /// Connections
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// Seconds
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// The model by itself, then allocations over HTTP at two lengths of history
    Allocation {
        /// Measure the model on this usage history [default: made-up builds]
        #[arg(long, value_name = "FILE")]
        data: Option<PathBuf>,
        /// Do not measure over HTTP
        #[arg(long)]
        model_only: bool,
        /// Builds of history
        #[arg(long, default_values_t = [20_000, 1_000_000])]
        builds: Vec<u64>,
        /// Connections
        #[arg(long, default_value_t = 32)]
        connections: usize,
        /// Seconds
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Scans, decoding and folding
    Replay {
        /// Events of the log
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
    },
    /// From kill -9 to ready
    Start {
        /// Events of the log
        #[arg(long, default_value_t = 5_000_000)]
        events: u64,
    },
    /// Workers of job-runner that claim runs, report and ask what they hold, with a long history behind them
    Worker {
        /// Workers
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        workers: u64,
        /// Jobs
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        jobs: u64,
        /// Runs that are over
        #[arg(long, default_value_t = 1_000_000)]
        finished: u64,
        /// Connections
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// Seconds of each measurement
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
}

#[derive(Debug, Args)]
pub(super) struct Config {
    /// Print a documented file with all defaults instead
    #[arg(long)]
    pub(super) example: bool,
}
