//! Durable appends in process, next to the disk's limit in the same run.

use std::path::Path;
use std::time::Duration;

use crate::app::log_bench as bench;
use crate::bench::{Folder, line};
use crate::cli::Failure;

/// How long each rate is measured.
const RUN_FOR: Duration = Duration::from_secs(3);

/// Events in one batch of the sustained run.
const SUSTAINED_BATCH: u64 = 1024;

pub(super) fn run(dir: Option<&Path>, events: u64) -> Result<(), Failure> {
    let own = match dir {
        Some(_) => None,
        None => Some(Folder::create()?),
    };
    let base = match (&own, dir) {
        (Some(folder), _) => folder.path().to_owned(),
        (None, Some(dir)) => dir.to_owned(),
        (None, None) => return Ok(()),
    };
    let raw = bench::raw_probe(&base.join("probe"), 4096, RUN_FOR)?;
    line(
        "4 KiB write and fdatasync, preallocated",
        &format!("{:.0}/s", raw.per_second()),
        "what the disk does",
    );
    for batch in [1, 64, 1024] {
        let measured = bench::append(&base.join(format!("batch-{batch}")), batch, RUN_FOR)?;
        let commits = measured.per_second() / batch as f64;
        line(
            &format!("append, batch {batch}"),
            &format!("{:.0} events/s", measured.per_second()),
            &format!(
                "{:.2} commits per raw write, p50 {:.0?}, p99 {:.0?}, longest {:.0?}",
                commits / raw.per_second(),
                measured.p50,
                measured.p99,
                measured.max
            ),
        );
    }
    let many = bench::append_concurrently(&base.join("concurrent"), 64, 2, RUN_FOR)?;
    line(
        "64 concurrent writers of single events",
        &format!("{:.0} events/s", many.per_second()),
        &format!(
            "{:.1} × the raw rate, p99 {:.0?}",
            many.per_second() / raw.per_second(),
            many.p99
        ),
    );
    let sustained = bench::load(&base.join("sustained"), events, SUSTAINED_BATCH, |_| {})?;
    line(
        &format!("sustained, {events} events in batches of {SUSTAINED_BATCH}"),
        &format!("{:.0} events/s", sustained.per_second()),
        &format!(
            "longest commit {:.0?}, events made in the same time",
            sustained.max
        ),
    );
    let open = bench::start(&base.join("sustained"))?;
    line(
        "reopen",
        &format!("{:.3} s", open.as_secs_f64()),
        "at most 0.25 s is wanted",
    );
    let scan = bench::replay(&base.join("sustained"))?;
    line(
        "scan, every checksum checked",
        &format!("{:.2} M events/s", scan.per_second() / 1e6),
        "at least 8 M/s is wanted",
    );
    if let Some(bytes) = bench::memory_bytes() {
        line(
            "anonymous memory of this process",
            &format!("{:.0} MB", bytes as f64 / 1e6),
            "",
        );
    }
    Ok(())
}
