//! `tallyman bench`: our figure beside the limit of this machine, measured in the same run.

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

use super::Failure;
use super::arguments::Bench;
use crate::sample::runs::Size;

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
struct Folder(std::path::PathBuf);

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
