//! Fills a data directory with a made-up farm.

use std::path::Path;

use anyhow::Context;
use eventlog::{Append, EventLog};
use eventlog_file::FileLog;
use jiff::Timestamp;

use super::history;
use crate::config::Data;
use crate::sample;

/// The farm of demos and benchmarks.
const SEED: u64 = 7;

/// How many histories are appended at once.
const BATCH: usize = 500;

/// Appends a farm of today: what `tallyman demo` shows. `now` is when the newest of its builds starts.
///
/// # Errors
/// When the log cannot be opened or does not take it.
pub(crate) fn fill_with_demo(data_dir: &Path, builds: u64, now: Timestamp) -> anyhow::Result<()> {
    fill_with(data_dir, sample::demo::history(SEED, builds, now))
}

/// Appends the first `builds` builds of the sample to the log of a data directory that no server runs on. A
/// second time appends nothing.
///
/// # Errors
/// When the log cannot be opened or does not take them.
pub fn fill_with_sample(data_dir: &Path, builds: u64) -> anyhow::Result<()> {
    fill_with(
        data_dir,
        sample::builds(SEED, builds).map(|build| build.append()),
    )
}

/// Appends histories to the log of a data directory that no server runs on.
///
/// # Errors
/// When the log cannot be opened or does not take them.
pub fn fill_with(data_dir: &Path, streams: impl Iterator<Item = Append>) -> anyhow::Result<()> {
    let data = Data {
        dir: data_dir.to_owned(),
    };
    history::require_log_or_no_traces(&data)?;
    let log = FileLog::open(data.log_dir(), history::recorded(&data))
        .context("the sample needs the log for itself")?;
    let mut batch = Vec::new();
    for stream in streams {
        batch.push(stream);
        if batch.len() == BATCH {
            log.append_blocking(std::mem::take(&mut batch))?;
        }
    }
    if !batch.is_empty() {
        log.append_blocking(batch)?;
    }
    log.close();
    Ok(())
}
