//! Fills a data directory with a made-up farm.

use std::path::Path;

use anyhow::Context;
use eventlog::{Append, EventLog};
use eventlog_file::FileLog;
use jiff::{SignedDuration, Timestamp};

use super::history;
use crate::config::Data;
use crate::sample;
use crate::sample::runs::Size;

/// The farm of demos and benchmarks.
const SEED: u64 = 7;

/// How many histories are appended at once.
const BATCH: usize = 500;

/// Appends a farm of today: what `tallyman demo` shows. `now` is when the newest of its builds starts.
///
/// # Errors
/// When the log cannot be opened or does not take it.
pub(crate) fn fill_with_demo(data_dir: &Path, builds: u64, now: Timestamp) -> anyhow::Result<()> {
    fill(data_dir, sample::demo::history(SEED, builds, now))
}

/// Appends the first `builds` builds of the sample to the log of a data directory that no server runs on. A
/// second time appends nothing.
///
/// # Errors
/// When the log cannot be opened or does not take them.
pub(crate) fn fill_with_sample(data_dir: &Path, builds: u64) -> anyhow::Result<()> {
    fill(
        data_dir,
        sample::builds(SEED, builds).map(|build| build.append()),
    )
}

/// The same with runs instead of builds: some that are over, then unclaimed ones that are due in a
/// year.
///
/// # Errors
/// When the log cannot be opened or does not take them.
pub(crate) fn fill_with_runs(
    data_dir: &Path,
    farm: Size,
    finished: u64,
    waiting: u64,
) -> anyhow::Result<()> {
    let due = Timestamp::now() + SignedDuration::from_hours(365 * 24);
    let last = finished + waiting;
    let numbered = std::iter::once(sample::runs::numbered(last));
    let over = (1..=finished).map(|number| farm.finished(number));
    let waiting = (finished + 1..=last).map(|number| farm.waiting(number, due));
    fill(data_dir, numbered.chain(over).chain(waiting))
}

fn fill(data_dir: &Path, streams: impl Iterator<Item = Append>) -> anyhow::Result<()> {
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
