//! What the log does on the disk under a directory, and what the disk and fjall do in the same run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eventlog::EventLog;
use eventlog_file::bench::{self, Measured};

const RUN_FOR: Duration = Duration::from_millis(1500);

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Everything
    All,
    /// Batches of one, 64 and 1024 events
    Append,
    /// Many writers of single events
    Async,
    /// Five million events, reopening, scanning
    Load,
}

pub(crate) fn run(part: Part, directory: Option<PathBuf>) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let directory = directory.unwrap_or_else(|| temporary.path().to_owned());
    let wanted = |wanted| part == Part::All || part == wanted;

    if wanted(Part::Append) {
        for events in [1, 64, 1024] {
            let bytes = (events as usize * bench::FRAME_BYTES_PER_EVENT).next_multiple_of(4096);
            let raw = bench::raw_probe(&directory, bytes, RUN_FOR)?;
            show(&format!("{} KiB write + fdatasync", bytes / 1024), &raw);
            let ours = fresh(&directory, |path| Ok(bench::append(path, events, RUN_FOR)?))?;
            show(&format!("append, batch {events}"), &ours);
            let theirs = fresh(&directory, |path| {
                fjall(path, events, Until::Waited(RUN_FOR))
            })?;
            show(&format!("fjall, batch {events}"), &theirs);
            compare(&ours, &theirs);
        }
        one_by_one(&directory)?;
    }
    if wanted(Part::Async) {
        for tasks in [1, 2, 8, 64, 256] {
            let ours = fresh(&directory, |path| {
                Ok(bench::append_concurrently(path, tasks, 2, RUN_FOR)?)
            })?;
            show(&format!("async, {tasks} tasks"), &ours);
        }
    }
    if wanted(Part::Load) {
        let path = directory.join("load");
        let loaded = bench::load(&path, 5_000_000, 1024, |_| {})?;
        show("5 M events, batch 1024", &loaded);
        let memory = bench::memory_bytes().unwrap_or_default();
        println!(
            "{:>34} {} MB anonymous after the load",
            "",
            memory / 1_000_000
        );
        for _ in 0..3 {
            println!("{:>34} {:?}", "open", bench::start(&path)?);
        }
        for _ in 0..3 {
            show("replay", &bench::replay(&path)?);
        }
        let log = eventlog_file::FileLog::open(&path, eventlog_file::FileLogConfig::default())?;
        let memory = bench::memory_bytes().unwrap_or_default();
        println!("{:>34} {} MB anonymous when open", "", memory / 1_000_000);
        println!(
            "{:>34} {} bytes on disk an event",
            "",
            log.stats().disk_bytes / 5_000_000
        );
        drop(log);
        std::fs::remove_dir_all(path)?;
        let theirs = fresh(&directory, |path| {
            fjall(path, 1024, Until::Written(5_000_000))
        })?;
        show("fjall, 5 M events, batch 1024", &theirs);
        compare(&loaded, &theirs);
    }
    Ok(())
}

/// Single appends in turns with the probe, because the disk's speed changes from second to second.
fn one_by_one(directory: &Path) -> anyhow::Result<()> {
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        let turn = RUN_FOR / 5;
        raw.push(bench::raw_probe(directory, 4096, turn)?.per_second());
        let path = directory.join("single");
        ours.push(bench::append(&path, 1, turn)?.per_second());
    }
    std::fs::remove_dir_all(directory.join("single"))?;
    raw.sort_by(f64::total_cmp);
    ours.sort_by(f64::total_cmp);
    println!(
        "{:>34} {:>12.0}/s, the disk {:.0}/s: {:.0} %",
        "append, batch 1, median of nine",
        ours[4],
        raw[4],
        100.0 * ours[4] / raw[4]
    );
    Ok(())
}

fn fresh(
    directory: &Path,
    measure: impl FnOnce(&Path) -> anyhow::Result<Measured>,
) -> anyhow::Result<Measured> {
    let path = directory.join("fresh");
    let measured = measure(&path);
    std::fs::remove_dir_all(path)?;
    measured
}

fn show(what: &str, measured: &Measured) {
    println!(
        "{what:>34} {:>12.0}/s   p50 {:?}, p99 {:?}, max {:?}",
        measured.per_second(),
        measured.p50,
        measured.p99,
        measured.max
    );
}

fn compare(ours: &Measured, theirs: &Measured) {
    let ratio = ours.per_second() / theirs.per_second();
    println!("{:>34} {ratio:.2} x fjall", "");
}

/// When a measurement ends.
#[derive(Clone, Copy)]
enum Until {
    /// After so long in commits; making the events is not counted.
    Waited(Duration),
    /// After so many events, the making of them counted in, as [`bench::load`] counts it.
    Written(u64),
}

/// The same events in fjall: position to event, and stream and revision to position, one durable commit a
/// batch.
fn fjall(path: &Path, events: u64, until: Until) -> anyhow::Result<Measured> {
    let database = fjall::Database::builder(path).open()?;
    let log = database.keyspace("log", fjall::KeyspaceCreateOptions::default)?;
    let index = database.keyspace("index", fjall::KeyspaceCreateOptions::default)?;
    let (mut count, mut waited, mut calls) = (0, Duration::ZERO, Vec::new());
    let began = Instant::now();
    while match until {
        Until::Waited(run_for) => waited < run_for,
        Until::Written(enough) => count < enough,
    } {
        let batch = bench::batch(count, events);
        let call = Instant::now();
        let mut commit = database
            .batch()
            .durability(Some(fjall::PersistMode::SyncData));
        for (part, position) in batch.iter().zip(count..) {
            let mut key = part.stream.as_str().as_bytes().to_vec();
            key.extend_from_slice(&position.to_be_bytes());
            commit.insert(&log, position.to_be_bytes(), &part.events[0].data[..]);
            commit.insert(&index, key, position.to_be_bytes());
        }
        commit.commit()?;
        calls.push(call.elapsed());
        waited += call.elapsed();
        count += events;
    }
    calls.sort_unstable();
    Ok(Measured {
        count,
        took: match until {
            Until::Waited(_) => waited,
            Until::Written(_) => began.elapsed(),
        },
        p50: calls[calls.len() / 2],
        p99: calls[calls.len() * 99 / 100],
        max: calls[calls.len() - 1],
    })
}
