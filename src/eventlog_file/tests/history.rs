//! History that goes missing, and what looks like it and is none.

use std::path::{Path, PathBuf};

use eventlog::{EventLog, Position};

use super::{batch, copy, everything, small};
use crate::header::FRAMES_START;
use crate::open::list;
use crate::{Evidence, FileLog, FileLogConfig, HeadRecord, OpenError, Scan, Wanted};

/// The log and its record in a data directory.
fn log_in(data: &Path) -> PathBuf {
    data.join("log")
}

fn record_in(data: &Path) -> PathBuf {
    data.join("head.json")
}

fn config(data: &Path) -> FileLogConfig {
    FileLogConfig {
        head_record: Some(record_in(data)),
        ..small()
    }
}

fn open(data: &Path) -> Result<FileLog, OpenError> {
    FileLog::open(log_in(data), config(data))
}

/// A data directory whose log has several segments and was closed.
fn written() -> (tempfile::TempDir, u64) {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path()).unwrap();
    for number in 0.. {
        log.append_blocking(batch(number)).unwrap();
        if log.stats().segments == 4 && number % 9 == 0 {
            break;
        }
    }
    let head = log.head().0;
    log.close();
    (data, head)
}

fn copied(data: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    copy(&log_in(data), &log_in(to.path()));
    std::fs::copy(record_in(data), record_in(to.path())).unwrap();
    to
}

fn names(directory: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
}

/// Cuts the newest segment down to this many bytes.
fn cut(data: &Path, length: u64) {
    let (_, newest) = list(&log_in(data)).unwrap().pop().unwrap();
    let file = std::fs::File::options().write(true).open(newest).unwrap();
    file.set_len(length).unwrap();
}

fn remove(data: &Path, segments: std::ops::Range<usize>) {
    for (_, path) in &list(&log_in(data)).unwrap()[segments] {
        std::fs::remove_file(path).unwrap();
    }
}

/// Every way in which a log can lose its beginning or its end and still read well. Until the record
/// was kept, such a log was opened, and gave away positions that had been used.
#[test]
fn history_that_is_missing_is_noticed_and_nothing_is_changed() {
    let (source, head) = written();
    let segments = list(&log_in(source.path())).unwrap();
    let (newest, _) = *segments.last().unwrap();
    let mut borders = Vec::new();
    for frame in Scan::new(log_in(source.path()), Position(newest.0 - 1)).unwrap() {
        let frame = frame.unwrap();
        borders.push((frame.offset, frame.header.first));
    }
    let (border, at_border) = borders[borders.len() / 2];
    let (last, at_last) = *borders.last().unwrap();
    let second = segments[1].0.0;
    type Loss<'l> = &'l dyn Fn(&Path);
    let losses: [(&str, Loss<'_>, u64, u64, u64); 8] = [
        (
            "the first segment",
            &|data| remove(data, 0..1),
            1,
            second,
            head,
        ),
        (
            "the first three",
            &|data| remove(data, 0..3),
            1,
            newest.0,
            head,
        ),
        (
            "the last segment",
            &|data| remove(data, 3..4),
            newest.0,
            1,
            newest.0 - 1,
        ),
        ("all segments", &|data| remove(data, 0..4), 1, 1, 0),
        (
            "the directory",
            &|data| std::fs::remove_dir_all(log_in(data)).unwrap(),
            1,
            1,
            0,
        ),
        (
            "some commits",
            &|data| cut(data, border),
            at_border,
            1,
            at_border - 1,
        ),
        (
            "the last commit",
            &|data| cut(data, last),
            at_last,
            1,
            at_last - 1,
        ),
        (
            "all but a header",
            &|data| cut(data, FRAMES_START),
            newest.0,
            1,
            newest.0 - 1,
        ),
    ];
    for (what, lose, missing, first, left) in losses {
        let data = copied(source.path());
        lose(data.path());
        let before = names(data.path());
        let record = Some(record_in(data.path()));
        let opened = open(data.path()).err();
        let read = FileLog::open_part_read_only(log_in(data.path()), record.clone(), Wanted::ALL);
        for error in [opened, read.err()] {
            let Some(OpenError::Missing(found)) = error else {
                panic!("{what}: {error:?}");
            };
            assert_eq!(found.position(), Position(missing), "{what}: {found}");
            let accept = format!("--first {first} --head {left}");
            assert!(found.to_string().contains(&accept), "{what}: {found}");
        }
        assert_eq!(names(data.path()), before, "{what}");
        // What is left can be saved.
        if left > 0 {
            let wanted = Wanted {
                from: Position(first),
                until: Position(left),
            };
            let part = FileLog::open_part_read_only(log_in(data.path()), record, wanted).unwrap();
            let saved = everything(&part).unwrap();
            assert_eq!(saved.len() as u64, left + 1 - first, "{what}");
        }
        // An operator may accept the loss, and the log goes on from there.
        let log_id = HeadRecord::read(&record_in(source.path()))
            .unwrap()
            .unwrap()
            .log_id;
        let accepted = HeadRecord {
            log_id,
            first: Position(first),
            head: Position(left),
        };
        accepted.write(&record_in(data.path())).unwrap();
        let log = open(data.path()).unwrap();
        let appended = log.append_blocking(batch(1_000_000)).unwrap();
        assert_eq!(appended.last(), Position(left + 1), "{what}");
        drop(log);
        open(data.path()).unwrap();
    }
}

#[test]
fn another_log_in_its_place_is_noticed() {
    let ((data, _), (other, _)) = (written(), written());
    std::fs::remove_dir_all(log_in(data.path())).unwrap();
    copy(&log_in(other.path()), &log_in(data.path()));
    let error = open(data.path()).err().unwrap().to_string();
    assert!(error.contains("another log"), "{error}");
}

#[test]
fn nothing_is_missed_where_nothing_is_missing() {
    let (source, head) = written();
    let source = source.path();
    type Change<'c> = &'c dyn Fn(&Path);
    let changes: [(&str, Change<'_>); 5] = [
        ("nothing", &|_| ()),
        ("no record, as of an older program", &|data| {
            std::fs::remove_file(record_in(data)).unwrap();
        }),
        ("a record that is behind", &|data| {
            let record = HeadRecord::read(&record_in(data)).unwrap().unwrap();
            let head = Position(record.head.0 / 2);
            HeadRecord { head, ..record }
                .write(&record_in(data))
                .unwrap();
        }),
        ("a record that is damaged", &|data| {
            std::fs::write(record_in(data), b"{\"format\":1,\"log").unwrap();
        }),
        ("a record that was half written", &|data| {
            std::fs::write(data.join("head.json.new"), b"{").unwrap();
        }),
    ];
    for (what, change) in changes {
        let data = copied(source);
        change(data.path());
        let log = open(data.path()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(log.head(), Position(head), "{what}");
        // Whatever the record was, it is right from the start on.
        let record = HeadRecord::read(&record_in(data.path())).unwrap().unwrap();
        assert_eq!(record.head, Position(head), "{what}");
        assert_eq!(record.log_id, log.log_id(), "{what}");
    }
    // The directory of a log that nothing was ever written to may be removed.
    let empty = tempfile::tempdir().unwrap();
    drop(open(empty.path()).unwrap());
    std::fs::remove_dir_all(log_in(empty.path())).unwrap();
    open(empty.path()).unwrap();
}

/// Views that were made from events are evidence of them, also where nothing recorded the head.
#[test]
fn a_log_that_is_behind_what_was_made_from_it_is_not_opened() {
    let (data, head) = written();
    std::fs::remove_file(record_in(data.path())).unwrap();
    let open_with = |position| {
        FileLog::open_unless_behind(log_in(data.path()), config(data.path()), || {
            Some(Evidence {
                source: "view `builds`".to_owned(),
                position: Position(position),
            })
        })
    };
    let error = open_with(head + 1).err().unwrap().to_string();
    let words = format!("view `builds` has seen position {}", head + 1);
    assert!(error.contains(&words), "{error}");
    assert!(!record_in(data.path()).exists());
    open_with(head).unwrap();
}

/// A damaged record without any log is evidence enough.
#[test]
fn a_damaged_record_without_a_log_is_an_error() {
    let (data, _) = written();
    std::fs::remove_dir_all(log_in(data.path())).unwrap();
    std::fs::write(record_in(data.path()), b"{").unwrap();
    let error = open(data.path()).err().unwrap();
    assert!(matches!(error, OpenError::HeadRecord(_)), "{error}");
    assert!(!log_in(data.path()).exists());
}

/// Commits need not wait for the record, and it follows them.
#[test]
fn the_record_follows_the_head_while_the_log_is_open() {
    let data = tempfile::tempdir().unwrap();
    let log = open(data.path()).unwrap();
    let recorded = || {
        HeadRecord::read(&record_in(data.path()))
            .unwrap()
            .unwrap()
            .head
    };
    assert_eq!(recorded(), Position::START);
    let began = std::time::Instant::now();
    for number in 0..3 {
        log.append_blocking(batch(number)).unwrap();
        while recorded() < log.head() {
            assert!(began.elapsed().as_secs() < 60, "the record does not follow");
            std::thread::yield_now();
        }
        assert_eq!(recorded(), log.head());
    }
}

/// A record that cannot be written costs no commit.
#[test]
fn a_record_that_cannot_be_written_stops_nothing() {
    let data = tempfile::tempdir().unwrap();
    let config = FileLogConfig {
        head_record: Some(data.path().join("missing/head.json")),
        ..small()
    };
    let log = FileLog::open(log_in(data.path()), config).unwrap();
    log.append_blocking(batch(1)).unwrap();
    log.close();
    assert_eq!(log.head(), Position(1));
}
