//! kill -9, at any moment and at every flush.
//!
//! The test starts itself as a child that appends and prints what was acknowledged, kills it, and
//! checks the log. All children use the same log.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use eventlog::{Append, EventLog, EventType, Expected, NewEvent, Revision, StreamName};
use uuid::Uuid;

use super::{everything, small};
use crate::{Faults, FileLog, FileLogConfig, HeadRecord, Operation, Verdict, Wanted, verify};

const DIRECTORY: &str = "EVENTLOG_CHILD_DIRECTORY";
const DIES_AT: &str = "EVENTLOG_CHILD_DIES_AT_STEP";
const HEAD_RECORD: &str = "head.json";
const WRITERS: u64 = 3;
const RANDOM_KILLS: u64 = 140;

fn stream(writer: u64) -> StreamName {
    StreamName::parse(format!("writer-{writer}")).unwrap()
}

fn event(writer: u64, revision: u64) -> NewEvent {
    NewEvent {
        id: Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("{writer}/{revision}").as_bytes(),
        ),
        event_type: EventType::from_static("run.started"),
        version: 1,
        metadata: Bytes::new(),
        data: format!(
            "{writer} {revision} {:1$}",
            "",
            (revision % 7 * 150) as usize
        )
        .into(),
        recorded_at: None,
    }
}

/// Dies before a step on the disk.
struct Death {
    steps: AtomicU64,
    dies_at: u64,
}

impl Faults for Death {
    fn before(&self, path: &Path, operation: Operation<'_>) -> Verdict {
        if self.steps.fetch_add(1, Ordering::Relaxed) == self.dies_at {
            // As the process would be found in the middle of a write: half of it is there.
            if let Operation::Write { offset, bytes } = operation
                && let Ok(file) = std::fs::File::options().write(true).open(path)
            {
                let half = bytes.len() / 2 / 4096 * 4096;
                let _ = std::os::unix::fs::FileExt::write_all_at(&file, &bytes[..half], offset);
            }
            std::process::abort();
        }
        Verdict::Proceed
    }
}

/// Not a test of its own: what the children of the test below do.
#[test]
fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else {
        return;
    };
    let dies_at = std::env::var(DIES_AT)
        .ok()
        .and_then(|step| step.parse().ok());
    let config = FileLogConfig {
        segment_bytes: 256 * 1024,
        head_record: Some(Path::new(&directory).join(HEAD_RECORD)),
        faults: dies_at.map(|dies_at| {
            let steps = AtomicU64::new(0);
            Arc::new(Death { steps, dies_at }) as Arc<dyn Faults>
        }),
        ..small()
    };
    let log = FileLog::open(directory, config).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let log = &log;
            scope.spawn(move || append_for_ever(log, writer));
        }
    });
}

fn append_for_ever(log: &FileLog, writer: u64) {
    let name = stream(writer);
    let head = log
        .shared
        .head_of(log.shared.keys.of(&name), &name)
        .unwrap();
    let mut next = head.map_or(0, |head| head + 1);
    loop {
        let count = 1 + next % 3;
        let batch = vec![Append {
            stream: name.clone(),
            expected: match next.checked_sub(1) {
                None => Expected::Empty,
                Some(head) => Expected::At(Revision(head)),
            },
            events: (next..next + count)
                .map(|revision| event(writer, revision))
                .collect(),
        }];
        let appended = log.append_blocking(batch).unwrap();
        next += count;
        assert_eq!(appended.receipts.last().unwrap().revision.0, next - 1);
        // One write, so that no line is ever cut.
        let line = format!("acknowledged {writer} {}\n", next - 1);
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes())
            .and_then(|()| out.flush())
            .unwrap();
    }
}

fn start(directory: &Path, dies_at: Option<u64>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "tests::killed::child", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    match dies_at {
        Some(step) => command.env(DIES_AT, step.to_string()),
        None => command.env_remove(DIES_AT),
    };
    command.spawn().unwrap()
}

/// Reads the child's output until it ends, killing it after some acknowledgements if it does not
/// end by itself. Returns the last acknowledged revision by writer.
fn watch(mut child: Child, kill_after: Option<u64>, acknowledged: &mut [Option<u64>]) -> u64 {
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut seen = 0;
    for line in out.lines() {
        let line = line.unwrap();
        let mut words = line
            .split(' ')
            .skip_while(|word| !word.ends_with("acknowledged"))
            .skip(1);
        if let (Some(writer), Some(revision)) = (words.next(), words.next()) {
            acknowledged[writer.parse::<usize>().unwrap()] = Some(revision.parse().unwrap());
            seen += 1;
        }
        if kill_after.is_some_and(|kill_after| seen == kill_after) {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    seen
}

/// Opens what is left: whatever was acknowledged is there, and every stream is what its writer
/// sent.
fn look(directory: &Path, acknowledged: &[Option<u64>], whole: bool) -> u64 {
    // The record of the head is never ahead of what is there, whenever the process died.
    let record = Some(directory.join(HEAD_RECORD));
    let log = FileLog::open_part_read_only(directory, record, Wanted::ALL).unwrap();
    for (writer, acknowledged) in acknowledged.iter().enumerate() {
        let writer = writer as u64;
        let name = stream(writer);
        let head = log
            .shared
            .head_of(log.shared.keys.of(&name), &name)
            .unwrap();
        assert!(
            head >= *acknowledged,
            "{name}: {acknowledged:?} of {head:?}"
        );
    }
    if whole {
        let mut next = [0; WRITERS as usize];
        for found in everything(&log).unwrap() {
            let writer: u64 = found.stream.key().parse().unwrap();
            let revision = &mut next[writer as usize];
            let wanted = event(writer, *revision);
            assert_eq!((found.id, &found.data), (wanted.id, &wanted.data));
            assert_eq!(found.revision.0, *revision);
            *revision += 1;
        }
        verify(directory, |_, _| {}).unwrap();
    }
    log.head().0
}

#[test]
fn what_was_acknowledged_survives_kill_9_at_any_moment() {
    let directory = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut acknowledged = [None; WRITERS as usize];
    let mut head = 0;
    for kill in 0..RANDOM_KILLS {
        let child = start(directory.path(), None);
        // Counted in acknowledgements, so that a slow machine is killed at as many places as a fast
        // one.
        watch(child, Some(1 + kill * 7919 % 37), &mut acknowledged);
        let now = look(directory.path(), &acknowledged, kill % 20 == 0);
        assert!(now > head);
        head = now;
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "after {kill} kills"
        );
    }
    let head = look(directory.path(), &acknowledged, true);
    let record = HeadRecord::read(&directory.path().join(HEAD_RECORD)).unwrap();
    let recorded = record.expect("it was written").head.0;
    assert!(recorded > 0 && recorded <= head, "{recorded} of {head}");
}

#[test]
fn what_was_acknowledged_survives_death_at_every_step_on_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = [None; WRITERS as usize];
    // The first steps are those of opening; later ones fall on commits, new segments and sidecars.
    for step in (0..40).chain((40..400).step_by(9)) {
        let child = start(directory.path(), Some(step));
        watch(child, None, &mut acknowledged);
        look(directory.path(), &acknowledged, step % 20 == 0);
    }
    let head = look(directory.path(), &acknowledged, true);
    assert!(head > 1000, "{head}");
}
