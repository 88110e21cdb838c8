//! A failing disk.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use eventlog::{AppendError, EventLog, Position};
use parking_lot::Mutex;

use super::{batch, everything, small};
use crate::create::NEW_NAME;
use crate::disk::Disk;
use crate::keeper::PREPARED_NAME;
use crate::{Faults, FileLog, FileLogConfig, OpenError, Operation, Verdict, verify};

/// Fails the operations that the function selects.
type Rule = Box<dyn Fn(&Path, &Operation<'_>) -> Option<Verdict> + Send>;

#[derive(Default)]
struct Broken(Mutex<Option<Rule>>);

impl Broken {
    fn set(&self, rule: impl Fn(&Path, &Operation<'_>) -> Option<Verdict> + Send + 'static) {
        *self.0.lock() = Some(Box::new(rule));
    }

    fn mend(&self) {
        *self.0.lock() = None;
    }
}

impl Faults for Broken {
    fn before(&self, path: &Path, operation: Operation<'_>) -> Verdict {
        let rule = self.0.lock();
        rule.as_ref()
            .and_then(|rule| rule(path, &operation))
            .unwrap_or(Verdict::Proceed)
    }
}

fn broken() -> (Arc<Broken>, FileLogConfig) {
    let broken = Arc::new(Broken::default());
    let config = FileLogConfig {
        faults: Some(broken.clone()),
        ..small()
    };
    (broken, config)
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}

/// Longer than any test may wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

fn broken_disk() -> io::Error {
    io::Error::other("the disk is broken")
}

/// After a failed flush the content of the disk is unknown, so nothing is written until an operator
/// has acted; reads go on.
#[test]
fn a_failed_flush_stops_the_writer_and_not_the_readers() {
    for fails_at_write in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let (broken, config) = broken();
        let log = FileLog::open(directory.path(), config).unwrap();
        for number in 0..10 {
            log.append_blocking(batch(number)).unwrap();
        }
        broken.set(move |path, operation| match operation {
            Operation::Write { .. } if fails_at_write && is_segment(path) => {
                Some(Verdict::Short(100, full()))
            }
            Operation::Sync if !fails_at_write && is_segment(path) => {
                Some(Verdict::Fail(broken_disk()))
            }
            _ => None,
        });
        let error = log.append_blocking(batch(10)).unwrap_err();
        assert!(matches!(error, AppendError::Unknown { .. }), "{error}");
        assert_eq!(log.stats().unknown, 1);
        broken.mend();
        // The disk is well again; what it holds is known after a restart. This batch was never
        // sent.
        let error = log.append_blocking(batch(11)).unwrap_err();
        assert!(matches!(error, AppendError::Stopped { .. }), "{error}");
        let reason = log.stopped().unwrap().to_string();
        assert!(
            reason.contains(".seg") && reason.contains("failed"),
            "{reason}"
        );
        assert_eq!(log.head(), Position(10));
        assert_eq!(everything(&log).unwrap().len(), 10);
        drop(log);
        let log = FileLog::open(directory.path(), small()).unwrap();
        let found = log.head().0;
        // The write was whole in one case, and cut off in the other.
        assert_eq!(found, if fails_at_write { 10 } else { 11 });
        assert!(log.stopped().is_none());
        let again = log.append_blocking(batch(10)).unwrap();
        assert_eq!(again.repeated, !fails_at_write);
        assert_eq!(again.last(), Position(11));
    }
}

/// A segment that cannot be created leaves nothing behind, so the log continues when there is space
/// again.
#[test]
fn a_full_disk_stops_the_log_until_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    let (broken, config) = broken();
    let log = FileLog::open(directory.path(), config).unwrap();
    broken.set(|_, operation| match operation {
        Operation::Create => Some(Verdict::Fail(full())),
        _ => None,
    });
    let mut number = 0;
    let error = loop {
        match log.append_blocking(batch(number)) {
            Ok(_) => number += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AppendError::Full { .. }), "{error}");
    assert!(log.stopped().unwrap().to_string().contains("next segment"));
    assert_eq!(everything(&log).unwrap().len() as u64, number);
    assert!(log.append_blocking(batch(number)).is_err());
    broken.mend();
    log.append_blocking(batch(number)).unwrap();
    assert!(log.stopped().is_none());
    drop(log);
    assert_eq!(
        verify(directory.path(), |_, _| {}).unwrap().events,
        number + 1
    );
}

/// Counts what is logged as an error on this thread.
#[derive(Clone, Default)]
struct Errors(Arc<AtomicU64>);

impl tracing::Subscriber for Errors {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::ERROR
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// One line per cause, however many writes are refused meanwhile.
#[test]
fn a_stop_is_logged_once_and_again_only_after_the_log_went_on() {
    let directory = tempfile::tempdir().unwrap();
    let (broken, config) = broken();
    let log = FileLog::open(directory.path(), config).unwrap();
    let errors = Errors::default();
    let counted = Arc::clone(&errors.0);
    let mut number = 0;
    tracing::subscriber::with_default(errors, || {
        for round in 1..=2 {
            broken.set(|_, operation| match operation {
                Operation::Create => Some(Verdict::Fail(full())),
                _ => None,
            });
            while log.append_blocking(batch(number)).is_ok() {
                number += 1;
            }
            for _ in 0..5 {
                log.append_blocking(batch(number)).unwrap_err();
            }
            assert_eq!(counted.load(Ordering::Relaxed), round);
            broken.mend();
            log.append_blocking(batch(number)).unwrap();
            number += 1;
        }
    });
}

/// A client that checks readiness before it sends anything would wait for ever otherwise.
#[test]
fn a_log_that_stopped_without_space_continues_without_a_retry() {
    let directory = tempfile::tempdir().unwrap();
    let (broken, config) = broken();
    let log = FileLog::open(directory.path(), config).unwrap();
    let (tried, tries) = channel();
    broken.set(move |_, operation| match operation {
        Operation::Create => {
            // The receiver ends with the test.
            let _ = tried.send(());
            Some(Verdict::Fail(full()))
        }
        _ => None,
    });
    let mut number = 0;
    while log.append_blocking(batch(number)).is_ok() {
        number += 1;
    }
    while tries.try_recv().is_ok() {}
    tries.recv_timeout(PATIENCE).expect("it looks by itself");
    assert!(matches!(log.stopped(), Some(AppendError::Full { .. })));
    broken.mend();
    let begun = Instant::now();
    while log.stopped().is_some() {
        assert!(begun.elapsed() < PATIENCE, "it never went on");
        std::thread::yield_now();
    }
    log.append_blocking(batch(number)).unwrap();
    drop(log);
    assert_eq!(
        verify(directory.path(), |_, _| {}).unwrap().events,
        number + 1
    );
}

/// The space of a segment is reserved before anything is written to it: so a full disk fails
/// between two frames, and never within one, after which its content would be unknown.
#[test]
fn a_segments_space_is_reserved_from_the_beginning_also_when_it_was_not_prepared() {
    let directory = tempfile::tempdir().unwrap();
    let (broken, config) = broken();
    let log = FileLog::open(directory.path(), config).unwrap();
    let tries = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tries);
    broken.set(move |path, operation| match operation {
        Operation::Create if path.ends_with(PREPARED_NAME) => {
            counted.fetch_add(1, Ordering::Relaxed);
            Some(Verdict::Fail(full()))
        }
        _ => None,
    });
    for number in 0..300 {
        log.append_blocking(batch(number)).unwrap();
        let segment = log.shared.segments().pop().unwrap();
        let file = std::fs::metadata(&segment.path).unwrap();
        assert!(file.blocks() * 512 >= file.len(), "after {number}");
    }
    let segments = log.stats().segments;
    assert!(segments > 3, "{segments}");
    // Trying with every commit would keep the disk busy with nothing.
    let tries = tries.load(Ordering::Relaxed);
    assert!(tries <= segments, "tried {tries} times");
}

/// Lets no segment be made but one that was prepared, and that one only once the writer could not
/// make another.
struct Narrow {
    is_open: AtomicBool,
    tried: Sender<()>,
    may_end: Mutex<Option<Receiver<()>>>,
}

impl Faults for Narrow {
    fn before(&self, path: &Path, operation: Operation<'_>) -> Verdict {
        match operation {
            Operation::Create if path.ends_with(NEW_NAME) => {
                if !self.is_open.swap(true, Ordering::SeqCst) {
                    return Verdict::Proceed;
                }
                // The receiver waits only for the first signal.
                let _ = self.tried.send(());
                Verdict::Fail(full())
            }
            Operation::Write { .. } if path.ends_with(PREPARED_NAME) => {
                if let Some(may_end) = self.may_end.lock().take() {
                    may_end.recv_timeout(PATIENCE).expect("the writer tries");
                }
                Verdict::Proceed
            }
            _ => Verdict::Proceed,
        }
    }
}

/// The last space may be held by the segment in preparation: that is no full disk.
#[test]
fn space_in_preparation_is_space() {
    let directory = tempfile::tempdir().unwrap();
    let (tried, may_end) = channel();
    let narrow = Narrow {
        is_open: AtomicBool::new(false),
        tried,
        may_end: Mutex::new(Some(may_end)),
    };
    let config = FileLogConfig {
        faults: Some(Arc::new(narrow)),
        ..small()
    };
    let log = FileLog::open(directory.path(), config).unwrap();
    for number in 0..300 {
        log.append_blocking(batch(number)).unwrap();
    }
    assert!(log.stats().segments > 3);
}

/// A partial reservation is given back: others need the space.
#[test]
fn a_segment_without_space_takes_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("next.new");
    let (broken, _) = broken();
    let disk = Disk::new(Some(broken.clone()));
    let file = disk.create(&path).unwrap();
    disk.reserve(&file, &path, 10_000).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 10_000);
    broken.set(|_, _| Some(Verdict::Fail(full())));
    let error = disk.reserve(&file, &path, 20_000).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(file.metadata().unwrap().len(), 0);
}

/// Work that no commit waits for may fail; commits go on, and the work is done when the log is
/// opened again.
#[test]
fn a_segment_that_cannot_be_sealed_is_used_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (broken, config) = broken();
    let log = FileLog::open(directory.path(), config).unwrap();
    broken.set(|path, operation| match operation {
        Operation::Create if path.to_string_lossy().contains("idx") => Some(Verdict::Fail(full())),
        Operation::SetLength(_) if is_segment(path) => Some(Verdict::Fail(full())),
        _ => None,
    });
    for number in 0..300 {
        log.append_blocking(batch(number)).unwrap();
    }
    assert!(log.stats().segments > 3);
    let events = everything(&log).unwrap();
    assert_eq!(events.len(), 300);
    for event in &events {
        let read = log.shared.read_stream(&event.stream, event.revision, 1);
        assert_eq!(read.unwrap(), std::slice::from_ref(event));
    }
    drop(log);
    let log = FileLog::open(directory.path(), small()).unwrap();
    assert_eq!(everything(&log).unwrap(), events);
    drop(log);
    let sidecars = std::fs::read_dir(directory.path())
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "idx")
        })
        .count();
    assert!(sidecars >= 3);
}

#[test]
fn a_disk_that_cannot_be_written_is_named_when_the_log_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let (broken, config) = broken();
    drop(FileLog::open(directory.path(), small()).unwrap());
    broken.set(|_, _| Some(Verdict::Fail(io::ErrorKind::ReadOnlyFilesystem.into())));
    let error = FileLog::open(directory.path(), config).err().unwrap();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
    assert!(error.to_string().contains(".seg"), "{error}");
}

/// A full queue refuses at once, and the batches in it are answered when the disk continues.
#[test]
fn a_full_queue_refuses_as_busy() {
    let directory = tempfile::tempdir().unwrap();
    let (broken, mut config) = broken();
    config.queue_max = 3;
    let log = Arc::new(FileLog::open(directory.path(), config).unwrap());
    let (entered, has_entered) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    broken.set(move |_, operation| {
        if matches!(operation, Operation::Sync) {
            let _ = entered.send(());
            // When the other end is dropped, every flush continues.
            let _ = released.lock().recv();
        }
        None
    });
    let append = |number| {
        let log = log.clone();
        std::thread::spawn(move || log.append_blocking(batch(number)))
    };
    let mut waiting = vec![append(0)];
    has_entered.recv().unwrap();
    // One batch is at the disk, the writer may hold a queue full of them, and a queue full may
    // wait: of so many more, some must be refused.
    waiting.extend((1..20).map(append));
    let begun = Instant::now();
    while log.stats().busy < 20 - 7 {
        assert!(
            begun.elapsed().as_secs() < 60,
            "no batch was refused as busy"
        );
        std::thread::yield_now();
    }
    drop(release);
    let answers: Vec<_> = waiting.into_iter().map(|one| one.join().unwrap()).collect();
    let taken = answers.iter().filter(|answer| answer.is_ok()).count() as u64;
    let busy = answers
        .iter()
        .filter(|answer| matches!(answer, Err(AppendError::Busy)))
        .count();
    assert_eq!(taken as usize + busy, answers.len(), "{answers:?}");
    assert_eq!(log.stats().busy, busy as u64);
    assert_eq!(log.head().0, taken);
}
