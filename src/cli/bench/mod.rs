//! `tallyman bench`: our figure next to the limit of this machine, measured in the same run. What only developers
//! measure is in `tests/bench`.

mod append;
mod ingest;
mod start;

use std::path::PathBuf;

use clap::Subcommand;

use super::Failure;

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
    /// From kill -9 to ready
    Start {
        /// Events of the log
        #[arg(long, default_value_t = 5_000_000)]
        events: u64,
    },
}

pub(super) fn run(what: &Bench) -> Result<(), Failure> {
    match what {
        Bench::Append { dir, events } => append::run(dir.as_deref(), *events),
        Bench::Ingest {
            connections,
            seconds,
        } => ingest::run(*connections, *seconds),
        Bench::Start { events } => start::run(*events),
    }
}
