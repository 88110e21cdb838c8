//! The log as a whole.

mod clock;
mod damage;
mod history;
mod killed;
mod model;
mod power_cut;
mod stopping;

use std::path::Path;
use std::sync::Arc;

use crate::{FileLog, FileLogConfig, OpenError};
use bytes::Bytes;
use eventlog::{
    Append, EventLog, EventType, Expected, Filter, NewEvent, PageLimit, Position, ReadError,
    Recorded, Revision, StreamName,
};

#[tokio::test]
async fn the_file_log_keeps_every_promise() {
    let directory = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    eventlog::conformance::check(|| async {
        let name = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let log = FileLog::open(directory.path().join(name.to_string()), small()).unwrap();
        Arc::new(log) as Arc<dyn EventLog>
    })
    .await;
}

#[tokio::test]
async fn a_reopened_file_log_keeps_every_promise() {
    let directory = tempfile::tempdir().unwrap();
    eventlog::conformance::check_reopened(|number| {
        let path = directory.path().join(number.to_string());
        async { Arc::new(FileLog::open(path, small()).unwrap()) as Arc<dyn EventLog> }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_file_log_keeps_every_promise_on_many_threads() {
    let directory = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    eventlog::conformance::check(|| async {
        let name = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = directory.path().join(name.to_string());
        Arc::new(FileLog::open(path, FileLogConfig::default()).unwrap()) as Arc<dyn EventLog>
    })
    .await;
}

#[tokio::test]
async fn what_was_appended_is_there_after_a_reopen() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let log = FileLog::open(directory.path(), small()).unwrap();
        assert_eq!(log.head(), Position(round * 100));
        for number in round * 100..(round + 1) * 100 {
            log.append_blocking(batch(number)).unwrap();
        }
    }
    let log = FileLog::open(directory.path(), small()).unwrap();
    assert!(log.stats().segments > 3, "{:?}", log.stats());
    let page = log
        .read_all(Position::START, &Filter::all(), PageLimit::events(1000))
        .await
        .unwrap();
    assert_eq!(page.events.len(), 500);
    let back = log
        .read_all_back(Position::END, &Filter::all(), PageLimit::events(1000))
        .await
        .unwrap();
    assert!(back.events.iter().rev().eq(&page.events));
    for stream in 0..7 {
        let stream = StreamName::parse(format!("run-{stream}")).unwrap();
        let events = log.read_stream(&stream, Revision(3), 1000).await.unwrap();
        let wanted: Vec<_> = page
            .events
            .iter()
            .filter(|event| event.stream == stream && event.revision >= Revision(3))
            .cloned()
            .collect();
        assert_eq!(events, wanted);
    }
    let repeat = log.append_blocking(batch(17)).unwrap();
    assert!(repeat.repeated);
    assert_eq!(repeat.last(), Position(18));
}

#[test]
fn a_second_opener_gets_the_pid_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let log = FileLog::open(directory.path(), small()).unwrap();
    match FileLog::open(directory.path(), small()) {
        Err(OpenError::InUse { pid, .. }) => assert_eq!(pid, std::process::id().to_string()),
        other => panic!("{:?}", other.err()),
    }
    drop(log);
    FileLog::open(directory.path(), small()).unwrap();
}

/// Segments so small that everything happens soon.
pub(crate) fn small() -> FileLogConfig {
    FileLogConfig {
        segment_bytes: 16 * 1024,
        ..FileLogConfig::default()
    }
}

/// One event for one of seven streams.
pub(crate) fn batch(number: u64) -> Vec<Append> {
    vec![Append {
        stream: StreamName::parse(format!("run-{}", number % 7)).unwrap(),
        expected: Expected::Any,
        events: vec![event(number)],
    }]
}

/// The event of a number; every second id is derived from a caller's key.
pub(crate) fn event(number: u64) -> NewEvent {
    let version = match number % 2 {
        0 => uuid::Version::SortRand,
        _ => uuid::Version::Sha1,
    };
    NewEvent {
        id: uuid::Builder::from_u128(u128::from(number) << 64)
            .with_version(version)
            .with_variant(uuid::Variant::RFC4122)
            .into_uuid(),
        event_type: EventType::from_static("run.started"),
        version: 1,
        metadata: Bytes::from_static(b"{}"),
        data: format!("{{\"number\":{number},\"text\":\"{:100}\"}}", "").into(),
        recorded_at: None,
    }
}

/// Everything that a log holds.
pub(crate) fn everything(log: &FileLog) -> Result<Vec<Recorded>, ReadError> {
    let mut events = Vec::new();
    let mut after = Position::START;
    loop {
        let page = log
            .shared
            .read_all(after, &Filter::all(), PageLimit::default())?;
        events.extend(page.events);
        after = page.next;
        if page.end {
            return Ok(events);
        }
    }
}

/// Copies the files of a directory as they are.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        // What is being prepared or sealed may get its name meanwhile.
        if let Ok(bytes) = std::fs::read(&path) {
            std::fs::write(to.join(path.file_name().unwrap()), bytes).unwrap();
        }
    }
}
