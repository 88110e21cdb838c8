use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use eventlog::{EventLog, EventType, NewEvent, StreamName};
use eventlog_file::{Evidence, FileLog, FileLogConfig, HeadRecord, Scan};

use super::order::Order;
use super::*;
use crate::ToolError;
use crate::test_log::{self, stream_of};
use crate::unwatched;

/// Small segments, so that a small log has several.
fn config() -> FileLogConfig {
    FileLogConfig {
        segment_bytes: 256 * 1024,
        ..FileLogConfig::default()
    }
}

async fn filled(directory: &Path, events: u64) -> FileLog {
    let log = FileLog::open(directory, config()).unwrap();
    test_log::fill(&log, events).await;
    log
}

async fn verify(directory: &Path, depth: Depth) -> Report {
    let directory = directory.to_owned();
    run(
        Options {
            directory,
            depth,
            blobs: None,
            head_record: None,
            evidence: None,
        },
        &unwatched,
    )
    .await
    .unwrap()
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "seg"))
        .collect();
    segments.sort();
    segments
}

#[tokio::test]
async fn a_sound_log_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1500).await.close();
    for depth in [Depth::Frames, Depth::Streams, Depth::Content] {
        let report = verify(folder.path(), depth).await;
        assert!(report.is_sound(), "{:?}", report.fault);
        assert_eq!((report.events, report.head), (1500, Position(1500)));
        assert_eq!(report.segments, segments(folder.path()).len() as u64);
        assert!(report.segments > 1);
        if depth == Depth::Frames {
            assert_eq!((report.streams, report.events_by_type.len()), (0, 0));
            continue;
        }
        assert_eq!(report.streams, 501);
        let types: Vec<_> = report.events_by_type.into_iter().collect();
        let expected = [("build.collection_skipped", 498), ("build.reported", 1002)];
        assert_eq!(
            types,
            expected.map(|(name, count)| (name.to_owned(), count))
        );
    }
}

#[tokio::test]
async fn a_flipped_bit_is_found_and_its_place_is_named() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1500).await.close();
    let first = segments(folder.path())[0].clone();
    let whole = fs::read(&first).unwrap();
    let frames: Vec<_> = Scan::new(folder.path(), Position::START)
        .unwrap()
        .take(300)
        .map(|frame| frame.unwrap())
        .collect();
    for frame in frames.iter().step_by(37) {
        for place in [
            frame.offset,
            frame.offset + 9,
            (frame.offset + frame.end()) / 2,
            frame.end() - 1,
        ] {
            let mut damaged = whole.clone();
            damaged[usize::try_from(place).unwrap()] ^= 0x10;
            fs::write(&first, damaged).unwrap();
            for depth in [Depth::Frames, Depth::Streams, Depth::Content] {
                let report = verify(folder.path(), depth).await;
                let fault = report.fault.clone().expect("a flipped bit is found");
                assert_eq!(fault.segment, first);
                assert_eq!(fault.offset, frame.offset, "{fault:?}");
                assert_eq!(fault.position, Position(frame.header.first), "{fault:?}");
                assert_eq!(report.head, Position(frame.header.first - 1));
                assert_eq!(report.exit_code(), 6);
            }
        }
    }
}

#[tokio::test]
async fn a_missing_segment_is_found() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 3000).await.close();
    let names = segments(folder.path());
    assert!(names.len() > 2);
    for missing in [0, 1] {
        let kept = fs::read(&names[missing]).unwrap();
        fs::remove_file(&names[missing]).unwrap();
        let report = verify(folder.path(), Depth::Streams).await;
        let fault = report.fault.expect("a missing segment is found");
        assert_eq!(fault.segment, names[missing + 1]);
        let first: u64 = names[missing]
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(fault.position, Position(first), "{fault:?}");
        assert_eq!(report.head.0, first - 1);
        fs::write(&names[missing], kept).unwrap();
    }
    assert!(verify(folder.path(), Depth::Streams).await.is_sound());
}

/// A log that reads well and has lost its end, its beginning or everything is not sound.
#[tokio::test]
async fn history_that_is_missing_by_its_record_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (log_dir, record) = (folder.path().join("log"), folder.path().join("head.json"));
    let recorded = FileLogConfig {
        head_record: Some(record.clone()),
        ..config()
    };
    let log = FileLog::open(&log_dir, recorded).unwrap();
    test_log::fill(&log, 3000).await;
    log.close();
    let names = segments(&log_dir);
    let (first, last) = (names[0].clone(), names[names.len() - 1].clone());
    let kept = fs::read(&last).unwrap();
    let position = |path: &Path| -> u64 {
        let name = path.file_stem().unwrap().to_str().unwrap();
        name.parse().unwrap()
    };
    let verify = async |depth| {
        let options = Options {
            directory: log_dir.clone(),
            depth,
            blobs: None,
            head_record: Some(record.clone()),
            evidence: None,
        };
        run(options, &unwatched).await.unwrap()
    };
    let depths = [Depth::Frames, Depth::Streams, Depth::Content];
    let before = &names[names.len() - 2];
    for depth in depths {
        assert!(verify(depth).await.is_sound());
        fs::write(&last, &kept[..4096]).unwrap();
        let fault = verify(depth).await.fault.expect("the cut is found");
        assert_eq!((&fault.segment, fault.offset), (&last, 4096), "{fault:?}");
        assert_eq!(fault.position, Position(position(&last)), "{fault:?}");
        fs::remove_file(&last).unwrap();
        let fault = verify(depth).await.fault.expect("the missing end is found");
        assert_eq!(&fault.segment, before, "{fault:?}");
        assert_eq!(fault.position, Position(position(&last)), "{fault:?}");
        assert!(fault.advice.contains("--head"), "{fault:?}");
        fs::write(&last, &kept).unwrap();
    }
    // The beginning: not missed once an operator has accepted it.
    let told = HeadRecord::read(&record).unwrap().unwrap();
    fs::remove_file(&first).unwrap();
    for depth in depths {
        let fault = verify(depth)
            .await
            .fault
            .expect("the missing beginning is found");
        assert_eq!(fault.position, Position(1), "{fault:?}");
    }
    let accepted = HeadRecord {
        first: Position(position(&names[1])),
        ..told
    };
    accepted.write(&record).unwrap();
    for depth in depths {
        let report = verify(depth).await;
        assert!(report.is_sound(), "{:?}", report.fault);
        assert_eq!(report.head, Position(3000));
    }
    // Everything.
    fs::remove_dir_all(&log_dir).unwrap();
    assert_eq!(verify(Depth::Frames).await.exit_code(), 6);
    fs::create_dir(&log_dir).unwrap();
    assert_eq!(verify(Depth::Content).await.exit_code(), 6);
    fs::write(&record, "{").unwrap();
    let fault = verify(Depth::Frames)
        .await
        .fault
        .expect("the record is damaged");
    assert_eq!(fault.segment, record);
}

#[tokio::test]
async fn a_sealed_segment_that_was_emptied_is_a_fault_at_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 3000).await.close();
    let second = segments(folder.path())[1].clone();
    let first: u64 = second
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    for bytes in [&b""[..], b"TALLYLOG", &[0; 5000]] {
        fs::write(&second, bytes).unwrap();
        let report = verify(folder.path(), Depth::Streams).await;
        let fault = report.fault.clone().expect("it is found");
        assert_eq!((&fault.segment, fault.offset), (&second, 0), "{fault:?}");
        assert_eq!(fault.position, Position(first), "{fault:?}");
        assert_eq!(report.exit_code(), 6);
    }
}

#[tokio::test]
async fn an_unreadable_event_is_found_when_the_content_is_checked() {
    let good = test_log::new_event(900, &test_log::report_with_blob(1, blob("00")));
    let node = "node-1".to_owned();
    for (event_type, version, stream, data, metadata, reason) in [
        (
            "build.dreamt",
            1,
            None,
            None,
            None,
            "no event has the type build.dreamt",
        ),
        (
            "build.reported",
            2,
            None,
            None,
            None,
            "this program reads up to 1",
        ),
        ("build.reported", 1, None, Some("{}"), None, "missing field"),
        (
            "build.reported",
            1,
            Some(node),
            None,
            None,
            "does not belong in stream node-1",
        ),
        (
            "build.reported",
            1,
            None,
            None,
            Some("[1"),
            "the metadata cannot be read",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let log = filled(folder.path(), 50).await;
        let event = NewEvent {
            event_type: EventType::from_static(event_type),
            version,
            data: data.map_or(good.data.clone(), Bytes::from_static_str),
            metadata: metadata.map_or(good.metadata.clone(), Bytes::from_static_str),
            ..good.clone()
        };
        let stream = stream.map_or(stream_of(7), |name| StreamName::parse(name).unwrap());
        test_log::append(&log, stream.clone(), vec![event]).await;
        test_log::fill(&log, 50).await;
        log.close();
        assert!(verify(folder.path(), Depth::Streams).await.is_sound());
        let fault = verify(folder.path(), Depth::Content)
            .await
            .fault
            .expect("it is found");
        assert!(fault.reason.contains(reason), "{fault:?}");
        assert_eq!(fault.position, Position(51));
        assert_eq!(fault.stream.as_deref(), Some(stream.as_str()));
        assert_eq!(fault.event_type.as_deref(), Some(event_type));
    }
}

#[tokio::test]
async fn a_gap_in_a_stream_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let log = FileLog::open(folder.path(), config()).unwrap();
    for number in 0..3 {
        let event = test_log::new_event(number, &test_log::report_with_blob(1, blob("00")));
        test_log::append(&log, stream_of(1), vec![event]).await;
    }
    log.close();
    let frames: Vec<_> = Scan::new(folder.path(), Position::START)
        .unwrap()
        .map(|frame| frame.unwrap())
        .collect();
    let mut order = Order::default();
    order.check(folder.path(), &frames[0], Position(1)).unwrap();
    let fault = order
        .check(folder.path(), &frames[2], Position(3))
        .unwrap_err();
    assert_eq!(fault.reason, "revision 2 in the place of revision 1");
    assert_eq!(
        (fault.position, fault.stream.as_deref()),
        (Position(3), Some("build-default:1"))
    );
}

#[tokio::test]
async fn a_log_is_checked_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(filled(folder.path(), 200).await);
    let writer = tokio::spawn({
        let log = Arc::clone(&log);
        async move { test_log::fill(&*log, 2000).await }
    });
    let mut checked = 0;
    while !writer.is_finished() {
        let depth = [Depth::Frames, Depth::Streams, Depth::Content][checked % 3];
        let report = verify(folder.path(), depth).await;
        assert!(report.is_sound(), "{:?}", report.fault);
        assert!(report.events >= 200);
        checked += 1;
    }
    writer.await.unwrap();
    assert_eq!(verify(folder.path(), Depth::Content).await.head, log.head());
}

#[tokio::test]
async fn blobs_that_events_name_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = FileLog::open(folder.path(), config()).unwrap();
    let store = Blobs::memory();
    let kept = store
        .put(Bytes::from_static(b"body"))
        .await
        .unwrap()
        .digest
        .to_string();
    let right = domain::BlobRef {
        digest: kept.clone(),
        size: 4,
    };
    let wrong_size = domain::BlobRef {
        digest: kept,
        size: 5,
    };
    for (number, blob) in [right.clone(), right, blob("ab")].into_iter().enumerate() {
        let event = test_log::new_event(number as u64, &test_log::report_with_blob(1, blob));
        test_log::append(&log, stream_of(1), vec![event]).await;
    }
    let options = |blobs| Options {
        directory: folder.path().to_owned(),
        depth: Depth::Content,
        blobs,
        head_record: None,
        evidence: None,
    };
    let report = run(options(Some(store.clone())), &unwatched).await.unwrap();
    assert_eq!(report.blobs, 1);
    let missing = Missing {
        digest: "ab".repeat(32),
        position: Position(3),
        reason: "missing".to_owned(),
    };
    assert_eq!(report.blobs_missing, [missing]);
    assert_eq!((report.fault.clone(), report.exit_code()), (None, 6));
    assert!(run(options(None), &unwatched).await.unwrap().is_sound());

    let mut of_wrong_size = Report::default();
    let named = vec![Blob {
        blob: wrong_size,
        position: Position(1),
    }];
    check_blobs(&mut of_wrong_size, &store, named).await;
    assert_eq!(of_wrong_size.blobs_missing[0].reason, "4 bytes, expected 5");
}

/// A view is ahead of a log that lost its end and its head record.
#[tokio::test]
async fn a_log_that_ends_before_a_view_is_not_sound() {
    let folder = tempfile::tempdir().unwrap();
    let log = FileLog::open(folder.path(), config()).unwrap();
    test_log::fill(&log, 100).await;
    let head = log.head();
    log.close();
    for depth in [Depth::Frames, Depth::Streams, Depth::Content] {
        for (ahead, is_sound) in [(0, true), (1, false)] {
            let options = Options {
                directory: folder.path().to_owned(),
                head_record: None,
                evidence: Some(Evidence {
                    source: "view `runs`".to_owned(),
                    position: Position(head.0 + ahead),
                }),
                depth,
                blobs: None,
            };
            let report = run(options, &unwatched).await.unwrap();
            assert_eq!(report.is_sound(), is_sound, "{depth:?} {:?}", report.fault);
            if let Some(fault) = report.fault {
                assert_eq!(fault.position, Position(head.0 + 1));
                assert!(fault.reason.contains("view `runs`"), "{fault:?}");
                assert!(fault.advice.contains("--first 1 --head"), "{fault:?}");
            }
        }
    }
}

/// Old refused bodies are deleted: a missing one is no fault of the log.
#[tokio::test]
async fn a_refused_body_that_made_way_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let log = FileLog::open(folder.path(), config()).unwrap();
    let event = test_log::new_event(1, &test_log::refused("default", blob("ab")));
    let stream = StreamName::new("audit", &format!("body:{}", "ab".repeat(32))).unwrap();
    test_log::append(&log, stream, vec![event]).await;
    let options = Options {
        directory: folder.path().to_owned(),
        head_record: None,
        evidence: None,
        depth: Depth::Content,
        blobs: Some(Blobs::memory()),
    };
    let report = run(options, &unwatched).await.unwrap();
    assert!(
        report.is_sound(),
        "{:?} {:?}",
        report.fault,
        report.blobs_missing
    );
}

#[tokio::test]
async fn where_there_is_no_log_nothing_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("log");
    let missing = run(
        Options {
            directory,
            depth: Depth::Streams,
            blobs: None,
            head_record: None,
            evidence: None,
        },
        &unwatched,
    )
    .await;
    assert!(matches!(missing, Err(ToolError::NotFound(_))));
}

fn blob(twice: &str) -> domain::BlobRef {
    domain::BlobRef {
        digest: twice.repeat(32),
        size: 9,
    }
}

trait StaticBytes {
    fn from_static_str(text: &'static str) -> Self;
}

impl StaticBytes for Bytes {
    fn from_static_str(text: &'static str) -> Self {
        Self::from_static(text.as_bytes())
    }
}
