//! Measures parts of Tallyman, each next to a limit of the machine in the same run:
//! `cargo run --release -p bench -- COMMAND`. Figures of different runs differ by the state of the machine.
//!
//! What an operator measures is `tallyman bench append|ingest|start`; both share `tallyman::bench`.

mod allocation_http;
mod evaluate;
mod fold;
mod log;
mod model;
mod offline;
mod process;
mod replay_all;
mod rounds;
mod runs;
mod synthetic_log;
mod updates;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tallyman::bench::runs::Size;

/// As in the real binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The command under which this binary is `tallyman`, for servers that are measured.
const AS_TALLYMAN: &str = "tallyman";

#[derive(Parser)]
#[command(about = "Measure parts of Tallyman next to the limits of this machine")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The model alone, then allocations over HTTP at two lengths of history
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
    /// How good the answers of every allocator would have been on usage histories
    Evaluate {
        /// The folder of the histories, `NAME.csv.zst`
        folder: PathBuf,
        /// Names of the contestants [default: all]
        contestants: Vec<String>,
    },
    /// Folding builds into all views, and reading pages of their lists
    Fold {
        /// Builds, of five events each
        #[arg(default_value_t = 1_000_000)]
        builds: u64,
        /// What is measured
        #[arg(value_enum, default_value_t = fold::Part::All)]
        part: fold::Part,
        /// Events of one commit of the views
        commit_events: Option<u64>,
    },
    /// The log, against the disk and fjall
    Log {
        /// What is measured
        #[arg(value_enum, default_value_t = log::Part::All)]
        part: log::Part,
        /// Where to write [default: a temporary folder]
        directory: Option<PathBuf>,
    },
    /// How fast a log is verified, exported and imported
    Offline {
        /// Events, each about 2 KB on the disk under the temporary folder
        #[arg(default_value_t = 1_000_000)]
        events: u64,
    },
    /// Scans, decoding and folding of a log
    Replay {
        /// Events of the log
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
    },
    /// How long it takes until a worker has claimed all runs when all jobs are due at once
    Rounds {
        /// Jobs
        #[arg(default_value_t = 10_000)]
        jobs: u64,
    },
    /// Folding runs into all views, and the reads of workers and dashboards
    Runs {
        /// Runs that are over
        #[arg(default_value_t = 1_000_000)]
        finished: u64,
    },
    /// Durable updates of documents in the tables of the views
    Updates {
        /// Where to write, which decides on the disk
        #[arg(default_value = ".")]
        directory: PathBuf,
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
    /// Be `tallyman`: a measured server is a process of this binary
    #[command(name = AS_TALLYMAN, hide = true)]
    Tallyman {
        /// Arguments of `tallyman`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Tallyman { arguments } => {
            let name = OsString::from(AS_TALLYMAN);
            return tallyman::run_with(std::iter::once(name).chain(arguments));
        }
        command => run(command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    };
    match command {
        Command::Allocation {
            builds,
            connections,
            seconds,
            data,
            model_only,
        } => {
            let made_up = builds.first().copied().unwrap_or_default();
            model::run(data.as_deref(), made_up)?;
            match model_only {
                true => Ok(()),
                false => allocation_http::run(&builds, connections, seconds),
            }
        }
        Command::Evaluate {
            folder,
            contestants,
        } => evaluate::run(&folder, contestants),
        Command::Fold {
            builds,
            part,
            commit_events,
        } => runtime()?.block_on(fold::run(builds, part, commit_events)),
        Command::Log { part, directory } => log::run(part, directory),
        Command::Offline { events } => runtime()?.block_on(offline::run(events)),
        Command::Replay { events } => replay_all::run(events),
        Command::Rounds { jobs } => runtime()?.block_on(rounds::run(jobs)),
        Command::Runs { finished } => runtime()?.block_on(runs::run(finished)),
        Command::Updates { directory } => updates::run(&directory),
        Command::Worker {
            workers,
            jobs,
            finished,
            connections,
            seconds,
        } => worker::run(&worker::Measurement {
            farm: Size { jobs, workers },
            finished,
            connections,
            seconds,
        }),
        Command::Tallyman { .. } => unreachable!("it is handled before"),
    }
}
