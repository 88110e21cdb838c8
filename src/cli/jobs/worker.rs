//! `tallyman worker`: shows workers, and which of them are silent.

use clap::Subcommand;

use crate::cli::arguments::Global;
use crate::cli::client::{Client, query};
use crate::cli::{Failure, output};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Worker {
    /// List workers with their last answers
    List {
        /// Only workers that are silent for too long
        #[arg(long)]
        silent: bool,
    },
    /// Show a worker
    Get {
        /// Its number
        worker: u64,
        /// As of this position or time (RFC 3339) [default: now]
        #[arg(long, value_name = "POSITION|TIME")]
        as_of: Option<String>,
    },
}

const COLUMNS: [output::Column; 8] = [
    ("WORKER", "/id"),
    ("TITLE", "/title"),
    ("KEY", "/api_key"),
    ("ENABLED", "/enqueue_is_enabled"),
    ("LAST ANSWER", "/reports/ping_response_at"),
    ("SILENT SINCE", "/reports/unresponsive_since"),
    ("VERSION", "/reports/worker_version"),
    ("AT ONCE", "/reports/concurrent_jobs"),
];

/// The most workers that are shown.
const WORKERS_MAX: usize = 100_000;

pub(crate) fn run(flags: &Flags, global: &Global, verb: Worker) -> Result<(), Failure> {
    Client::through(flags, global, |client| request(client, global, verb))
}

fn request(client: &Client, global: &Global, verb: Worker) -> Result<(), Failure> {
    match verb {
        Worker::List { silent } => {
            let mut rows = client.list("/v1/workers", &[], WORKERS_MAX)?;
            rows.retain(|row| !silent || !row["reports"]["unresponsive_since"].is_null());
            output::rows(global.output, &COLUMNS, &rows)
        }
        Worker::Get { worker, as_of } => {
            let query = query(&[("as_of", as_of)]);
            let worker = client.get(&format!("/v1/workers/{worker}{query}"))?;
            output::detailed(global.output, &worker)
        }
    }
}
