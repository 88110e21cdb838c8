//! `tallyman bench`: our figure next to the limit of this machine, measured in the same run.

mod allocation;
mod append;
mod ingest;
mod load;
mod memory;
mod models;
mod replay;
mod served;
mod start;
mod worker;

use std::path::PathBuf;

use clap::Subcommand;

use super::Failure;
use crate::sample::runs::Size;

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
    /// Workers of job-runner that claim runs, report and list their runs, after a long history
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

pub(super) fn run(what: &Bench) -> Result<(), Failure> {
    match what {
        Bench::Append { dir, events } => append::run(dir.as_deref(), *events),
        Bench::Ingest {
            connections,
            seconds,
        } => ingest::run(*connections, *seconds),
        Bench::Allocation {
            builds,
            connections,
            seconds,
            data,
            model_only,
        } => {
            models::run(data.as_deref(), builds.first().copied().unwrap_or_default())?;
            if *model_only {
                return Ok(());
            }
            allocation::run(builds, *connections, *seconds)
        }
        Bench::Replay { events } => replay::run(*events),
        Bench::Start { events } => start::run(*events),
        Bench::Worker {
            workers,
            jobs,
            finished,
            connections,
            seconds,
        } => worker::run(&worker::Asked {
            farm: Size {
                jobs: *jobs,
                workers: *workers,
            },
            finished: *finished,
            connections: *connections,
            seconds: *seconds,
        }),
    }
}

/// A folder for one measurement, on the disk that the data directory would be on: the system's temporary
/// folder may be memory.
fn folder() -> Result<Folder, Failure> {
    let path = std::env::current_dir()?.join(format!(".tallyman-bench-{}", std::process::id()));
    std::fs::create_dir_all(&path)?;
    Ok(Folder(path))
}

/// A folder that goes away with the measurement.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("tallyman: {} is left behind: {error}", self.0.display());
        }
    }
}

/// Prints one line of a result: what, how much, and against what.
fn line(what: &str, figure: &str, against: &str) {
    println!("{what:<44} {figure:>20}   {against}");
}
