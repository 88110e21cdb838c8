//! Measures the log on its disk, next to the limits of that disk.
//!
//! Every function takes a directory to work in and leaves its files there. Figures of different
//! runs differ by the state of the machine; compare only ratios within one run.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use eventlog::{Append, EventLog, EventType, Expected, NewEvent, Position, StreamName};
use uuid::Uuid;

use crate::{FileLog, FileLogConfig, Scan};

/// How many streams the events of a measurement are spread over.
pub const STREAMS: u64 = 100_003;

/// How many bytes of data an event of a measurement has.
pub const DATA_BYTES: usize = 565;

/// How many bytes of a frame one event takes, its name, id and lengths included.
pub const FRAME_BYTES_PER_EVENT: usize = 644;

/// Letters for the events, which begin at different places in it.
static FILLER: [u8; DATA_BYTES + 64] = {
    let mut letters = [0; DATA_BYTES + 64];
    let mut at = 0;
    while at < letters.len() {
        letters[at] = b'a' + (at * 7 % 26) as u8;
        at += 1;
    }
    letters
};

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// How many things were done: events, or writes of the probe.
    pub count: u64,
    /// How long it took.
    pub took: Duration,
    /// How long one call took in the middle, of a hundred, and at worst; nought where there are no
    /// calls.
    pub p50: Duration,
    /// See `p50`.
    pub p99: Duration,
    /// See `p50`.
    pub max: Duration,
}

impl Measured {
    /// How many things a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }

    fn new(count: u64, took: Duration, mut calls: Vec<Duration>) -> Self {
        calls.sort_unstable();
        let at = |part: usize| {
            let index = (calls.len() * part / 100).min(calls.len().saturating_sub(1));
            calls.get(index).copied().unwrap_or_default()
        };
        Self {
            count,
            took,
            p50: at(50),
            p99: at(99),
            max: calls.last().copied().unwrap_or_default(),
        }
    }
}

/// The event number `number`, as a build farm would send it.
#[must_use]
pub fn event(number: u64) -> NewEvent {
    let mut data = Vec::with_capacity(DATA_BYTES);
    // Writing to memory cannot fail.
    let _ = write!(
        data,
        "{{\"number\":{number},\"package\":\"package-{}\",\"state\":\"finished\",\"text\":\"",
        number % 5000
    );
    let filler = &FILLER[number as usize % 64..];
    data.extend_from_slice(&filler[..DATA_BYTES - 2 - data.len()]);
    data.extend_from_slice(b"\"}");
    NewEvent {
        id: id(number),
        event_type: EventType::from_static("build.reported"),
        version: 1,
        metadata: Bytes::new(),
        data: data.into(),
        recorded_at: None,
    }
}

/// An id of version 7 without a call to the system, which would cost more than the rest of the
/// event.
fn id(number: u64) -> Uuid {
    static RUN: LazyLock<u64> = LazyLock::new(|| Uuid::now_v7().as_u64_pair().1);
    let mut random = [0; 10];
    random[..8].copy_from_slice(
        &(number ^ *RUN)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .to_be_bytes(),
    );
    uuid::Builder::from_unix_timestamp_millis(1_790_000_000_000 + number / 100, &random).into_uuid()
}

/// A batch of `events` events, each for a stream of its own.
#[must_use]
pub fn batch(first: u64, events: u64) -> Vec<Append> {
    (first..first + events)
        .map(|number| {
            // A prime step, so that neighbours in time are not neighbours in name.
            let stream = number.wrapping_mul(7919) % STREAMS;
            Append {
                stream: StreamName::new("build", &stream.to_string())
                    .expect("a word and a number make a name"),
                expected: Expected::Any,
                events: vec![event(number)],
            }
        })
        .collect()
}

/// What the disk can do: `bytes` written and flushed, one after the other, within a file that is
/// there.
///
/// # Errors
/// When the disk fails.
pub fn raw_probe(directory: &Path, bytes: usize, run_for: Duration) -> io::Result<Measured> {
    const FILE_BYTES: usize = 16 * 1024 * 1024;
    fs::create_dir_all(directory)?;
    let path = directory.join("probe");
    let file = File::create(&path)?;
    (&file).write_all(&vec![0; FILE_BYTES])?;
    file.sync_all()?;
    let block = vec![0x5a; bytes];
    let places = (FILE_BYTES / bytes).max(1);
    let mut calls = Vec::new();
    let began = Instant::now();
    while began.elapsed() < run_for {
        let call = Instant::now();
        file.write_all_at(&block, (calls.len() % places * bytes) as u64)?;
        file.sync_data()?;
        calls.push(call.elapsed());
    }
    let took = began.elapsed();
    fs::remove_file(path)?;
    Ok(Measured::new(calls.len() as u64, took, calls))
}

/// Batches of `events` events, one after the other, each waited for.
///
/// # Errors
/// When the log cannot be opened or written.
pub fn append(directory: &Path, events: u64, run_for: Duration) -> io::Result<Measured> {
    let log = open(directory)?;
    let mut calls = Vec::new();
    let mut count = log.head().0;
    let mut waited = Duration::ZERO;
    while waited < run_for {
        // Making events is not the log's work.
        let batch = batch(count, events);
        let call = Instant::now();
        log.append_blocking(batch).map_err(io::Error::other)?;
        calls.push(call.elapsed());
        waited += call.elapsed();
        count += events;
    }
    let done = calls.len() as u64 * events;
    Ok(Measured::new(done, waited, calls))
}

/// Single events from `tasks` tasks of an async runtime of `threads` threads, each waiting for its
/// answer before it sends the next. Making the events is counted in.
///
/// # Errors
/// When the log cannot be opened or written.
pub fn append_concurrently(
    directory: &Path,
    tasks: u64,
    threads: usize,
    run_for: Duration,
) -> io::Result<Measured> {
    let log = Arc::new(open(directory)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    let number = Arc::new(AtomicU64::new(log.head().0));
    let began = Instant::now();
    let calls = runtime.block_on(async {
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let (log, number) = (log.clone(), number.clone());
                tokio::spawn(async move {
                    let mut calls = Vec::new();
                    while began.elapsed() < run_for {
                        let batch = batch(number.fetch_add(1, Ordering::Relaxed), 1);
                        let call = Instant::now();
                        log.append(batch).await.map_err(io::Error::other)?;
                        calls.push(call.elapsed());
                    }
                    Ok::<_, io::Error>(calls)
                })
            })
            .collect();
        let mut calls = Vec::new();
        for task in tasks {
            calls.extend(task.await.map_err(io::Error::other)??);
        }
        Ok::<_, io::Error>(calls)
    })?;
    Ok(Measured::new(calls.len() as u64, began.elapsed(), calls))
}

/// Appends `events` events in batches of `events_per_batch`, their creation included. `progress`
/// gets the number written so far.
///
/// # Errors
/// When the log cannot be opened or written.
pub fn load(
    directory: &Path,
    events: u64,
    events_per_batch: u64,
    mut progress: impl FnMut(u64),
) -> io::Result<Measured> {
    let log = open(directory)?;
    let mut calls = Vec::new();
    let mut count = 0;
    let began = Instant::now();
    while count < events {
        let batch = batch(count, events_per_batch);
        let call = Instant::now();
        log.append_blocking(batch).map_err(io::Error::other)?;
        calls.push(call.elapsed());
        count += events_per_batch;
        progress(count);
    }
    Ok(Measured::new(count, began.elapsed(), calls))
}

/// Reads the whole log that is in the directory, every checksum checked and every record looked at.
///
/// # Errors
/// When the log cannot be read.
pub fn replay(directory: &Path) -> io::Result<Measured> {
    let began = Instant::now();
    let mut scan = Scan::new(directory, Position::START).map_err(io::Error::other)?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(frame) = scan.next_frame().map_err(io::Error::other)? {
        for record in frame.records() {
            let record = record.map_err(|damage| io::Error::other(damage.reason))?;
            bytes += std::hint::black_box(record.data).len();
            count += 1;
        }
    }
    std::hint::black_box(bytes);
    Ok(Measured::new(count, began.elapsed(), Vec::new()))
}

/// How long it takes to open the log that is in the directory.
///
/// # Errors
/// When it cannot be opened.
pub fn start(directory: &Path) -> io::Result<Duration> {
    let began = Instant::now();
    let log = open(directory)?;
    let took = began.elapsed();
    drop(log);
    Ok(took)
}

/// The anonymous memory of this process in bytes, where the system reports it.
#[must_use]
pub fn memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn open(directory: &Path) -> io::Result<FileLog> {
    FileLog::open(directory, FileLogConfig::default()).map_err(io::Error::other)
}
