//! Fills a data directory with a made-up farm.

use std::path::Path;

use anyhow::Context;
use eventlog_file::{FileLog, FileLogConfig};

use crate::sample;

/// The farm of demos and benchmarks.
const SEED: u64 = 7;

/// How many builds are appended at once.
const BATCH: u64 = 1000;

/// Appends the first `builds` builds of the sample to the log of a data directory that no server runs on. A
/// second time appends nothing.
///
/// # Errors
/// When the log cannot be opened or does not take them.
pub(crate) fn fill_with_sample(data_dir: &Path, builds: u64) -> anyhow::Result<()> {
    let log = FileLog::open(data_dir.join("log"), FileLogConfig::default())
        .context("the sample needs the log for itself")?;
    let mut batch = Vec::new();
    for build in sample::builds(SEED, builds) {
        batch.push(build.append());
        if batch.len() as u64 == BATCH {
            log.append_blocking(std::mem::take(&mut batch))?;
        }
    }
    if !batch.is_empty() {
        log.append_blocking(batch)?;
    }
    log.close();
    Ok(())
}
