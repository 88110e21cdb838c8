//! From kill -9 to ready.

use crate::bench::{Folder, Served, fill_with_sample, line, resident};
use crate::cli::Failure;

pub(super) fn run(events: u64) -> Result<(), Failure> {
    let folder = Folder::create()?;
    let data = folder.path().join("data");
    // Every build of the sample has two events.
    fill_with_sample(&data, events / 2)?;
    let first = Served::start(&[], &data)?;
    line(
        "first start, all views built from the log",
        &seconds(&first),
        "",
    );
    if let Some(bytes) = resident(first.pid()) {
        line(
            "resident after the first start",
            &format!("{:.0} MB", bytes as f64 / 1e6),
            "",
        );
    }
    first.kill()?;
    let second = Served::start(&[], &data)?;
    line(
        &format!("ready after kill -9 with {events} events"),
        &seconds(&second),
        "at most 1 s is wanted",
    );
    if let Some(bytes) = resident(second.pid()) {
        line(
            "resident",
            &format!("{:.0} MB", bytes as f64 / 1e6),
            "at most 150 MB is wanted",
        );
    }
    Ok(second.kill()?)
}

fn seconds(served: &Served) -> String {
    format!("{:.2} s", served.ready_after.as_secs_f64())
}
