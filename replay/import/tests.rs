mod damaged;

use std::io::Read;

use bytes::Bytes;
use eventlog::{EventType, LogLimits, MemoryLog, NewEvent};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::export::{self, Destination};
use crate::test_log::{self, Shared, all_of};
use crate::{Window, unwatched};

fn from(lines: impl Into<Vec<u8>>) -> Options {
    Options {
        from: Origin::Reader(Box::new(std::io::Cursor::new(lines.into()))),
        blobs: None,
        check_shapes: true,
        dry_run: false,
        allow_partial: true,
    }
}

async fn exported(log: &dyn EventLog, end_line: bool) -> Vec<u8> {
    let shared = Shared::default();
    let to = Destination::Writer(Box::new(shared.clone()));
    let options = export::Options {
        window: Window::default(),
        to,
        blobs: None,
        end_line,
    };
    export::run(log, options, &unwatched).await.unwrap();
    shared.taken()
}

async fn import(log: &dyn EventLog, options: Options) -> Result<Report, ToolError> {
    run(log, options, &unwatched).await
}

#[tokio::test]
async fn a_full_copy_in_an_empty_log_is_the_same_log() {
    let original = test_log::filled(5000).await;
    let lines = exported(&original, true).await;
    let copy = test_log::empty();
    let report = import(&copy, from(lines)).await.unwrap();
    assert_eq!(all_of(&copy).await, all_of(&original).await);
    assert_eq!(
        (report.appended, report.already, report.moved),
        (5000, 0, 0)
    );
    assert_eq!((report.lines, report.whole), (5001, true));
    assert_eq!(report.last, Some(Position(5000)));
}

/// A log that takes less at once gets smaller batches, and an event that it does not take is refused by its line, also
/// when nothing is written.
#[tokio::test]
async fn a_log_gets_no_more_at_once_than_it_takes() {
    let original = test_log::filled(50).await;
    let lines = exported(&original, true).await;
    let largest = all_of(&original).await;
    let largest = largest
        .iter()
        .map(|event| event.data.len() + event.metadata.len());
    let event_bytes = largest.max().unwrap();
    let limits = LogLimits {
        batch_events: 7,
        event_bytes,
        batch_bytes: 3 * event_bytes,
    };
    let copy = test_log::empty().with_limits(limits);
    let report = import(&copy, from(lines.clone())).await.unwrap();
    assert_eq!(report.appended, 50);
    assert_eq!(all_of(&copy).await, all_of(&original).await);

    for dry_run in [true, false] {
        let event_bytes = event_bytes - 1;
        let copy = test_log::empty().with_limits(LogLimits {
            event_bytes,
            ..limits
        });
        let options = Options {
            dry_run,
            ..from(lines.clone())
        };
        let refused = import(&copy, options).await.unwrap_err().to_string();
        let wanted = format!(
            "an event of {} bytes, the log takes {event_bytes}",
            event_bytes + 1
        );
        assert!(refused.contains(&wanted), "{refused}");
    }
}

#[tokio::test]
async fn the_same_import_again_appends_nothing() {
    let lines = exported(&test_log::filled(5000).await, false).await;
    let copy = test_log::empty();
    import(&copy, from(lines.clone())).await.unwrap();
    let report = import(&copy, from(lines)).await.unwrap();
    assert_eq!((report.appended, report.already), (0, 5000));
    assert_eq!(copy.head(), Position(5000));
}

/// Batches of the second run do not begin where those of the first did, so some are half known.
#[tokio::test]
async fn an_interrupted_import_is_taken_up_again() {
    let original = test_log::filled(7000).await;
    let lines = exported(&original, true).await;
    let third: usize = lines
        .split_inclusive(|byte| *byte == b'\n')
        .take(3000)
        .map(<[u8]>::len)
        .sum();
    struct Breaks;
    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let copy = test_log::empty();
    let broken = std::io::Cursor::new(lines[..third + 30].to_vec()).chain(Breaks);
    let options = Options {
        from: Origin::Reader(Box::new(broken)),
        ..from("")
    };
    let stopped = import(&copy, options).await;
    assert!(
        matches!(stopped, Err(ToolError::Line { line: 3001, .. })),
        "{stopped:?}"
    );
    assert_eq!(copy.head(), Position(3000));

    let report = import(&copy, from(lines)).await.unwrap();
    assert_eq!(
        (report.appended, report.already, report.moved),
        (4000, 3000, 0)
    );
    assert!(report.whole, "{report:?}");
    assert_eq!(all_of(&copy).await, all_of(&original).await);
}

async fn import_file(
    path: &std::path::Path,
    allow_partial: bool,
) -> (Position, Result<Report, ToolError>) {
    let log = test_log::empty();
    let options = Options {
        from: Origin::named(path),
        allow_partial,
        ..from("")
    };
    let imported = import(&log, options).await;
    (log.head(), imported)
}

#[tokio::test]
async fn events_after_others_keep_their_order_and_say_that_they_moved() {
    let lines = exported(&test_log::filled(30).await, false).await;
    let copy = test_log::empty();
    let other = test_log::new_event(900, &test_log::report_with_blob(77, blob()));
    test_log::append(&copy, test_log::stream_of(777), vec![other]).await;
    let report = import(&copy, from(lines)).await.unwrap();
    assert_eq!((report.appended, report.moved), (30, 30));
    let (from, to) = (Position(1), Position(2));
    assert_eq!(report.first_moved, Some(Moved { line: 1, from, to }));
}

fn blob() -> domain::BlobRef {
    domain::BlobRef {
        digest: "00".repeat(32),
        size: 3,
    }
}

/// No event is at the position of its line, so each is searched in its stream.
#[tokio::test]
async fn an_import_after_other_events_is_taken_up_again_too() {
    let lines = exported(&test_log::filled(7000).await, true).await;
    let third: usize = lines
        .split_inclusive(|byte| *byte == b'\n')
        .take(3000)
        .map(<[u8]>::len)
        .sum();
    let copy = test_log::empty();
    let other = test_log::new_event(9000, &test_log::report_with_blob(77, blob()));
    test_log::append(&copy, test_log::stream_of(77_777), vec![other]).await;
    import(&copy, from(&lines[..third])).await.unwrap();
    let report = import(&copy, from(lines.clone())).await.unwrap();
    assert_eq!((report.appended, report.already), (4000, 3000));
    let dry_run = import(
        &copy,
        Options {
            dry_run: true,
            ..from(lines)
        },
    )
    .await
    .unwrap();
    assert_eq!((dry_run.appended, dry_run.already), (0, 7000));
    assert_eq!(copy.head(), Position(7001));
}

/// Refused bodies are in folders of their own, and one that made way for newer ones is not missed.
#[tokio::test]
async fn a_backup_carries_refused_bodies_that_are_still_kept() {
    let here = blobs::Blobs::memory();
    let body = Bytes::from_static(b"not json");
    let kept = here.refused_of("default").put(body).await.unwrap();
    let log = test_log::empty();
    for (number, digest) in [(1, kept.digest.to_string()), (2, "00".repeat(32))] {
        let name = domain::BlobRef { digest, size: 8 };
        let event = test_log::new_event(number, &test_log::refused("default", name));
        let stream = StreamName::new("audit", &format!("body:{number}")).unwrap();
        test_log::append(&log, stream, vec![event]).await;
    }
    let options = export::Options {
        window: Window::default(),
        to: Destination::Writer(Box::new(Shared::default())),
        blobs: Some(here),
        end_line: true,
    };
    let report = export::run(&log, options, &unwatched).await.unwrap();
    assert_eq!((report.events, report.blobs), (2, 1));
    assert_eq!(report.blobs_missing, [""; 0]);
}

#[tokio::test]
async fn a_backup_carries_the_blobs_that_its_events_name() {
    let (here, there) = (blobs::Blobs::memory(), blobs::Blobs::memory());
    let body = Bytes::from_static(b"{\"big\": \xff}");
    let kept = here.put(body.clone()).await.unwrap();
    let log = test_log::empty();
    let name = |digest: String| domain::BlobRef { digest, size: 12 };
    for (number, digest) in [
        (1, kept.digest.to_string()),
        (2, kept.digest.to_string()),
        (3, "00".repeat(32)),
    ] {
        let event = test_log::report_with_blob(number, name(digest));
        let event = test_log::new_event(number.unsigned_abs(), &event);
        test_log::append(&log, test_log::stream_of(number), vec![event]).await;
    }
    let shared = Shared::default();
    let to = Destination::Writer(Box::new(shared.clone()));
    let options = export::Options {
        window: Window::default(),
        to,
        blobs: Some(here),
        end_line: true,
    };
    let report = export::run(&log, options, &unwatched).await.unwrap();
    assert_eq!((report.events, report.blobs), (3, 1));
    assert_eq!(report.blobs_missing, ["00".repeat(32)]);

    let lines = shared.taken();
    let refused = import(&test_log::empty(), from(lines.clone()))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("but there is no blob store"),
        "{refused}"
    );
    let damaged =
        String::from_utf8(lines.clone())
            .unwrap()
            .replacen("base64\":\"ey", "base64\":\"ex", 1);
    let options = Options {
        blobs: Some(there.clone()),
        ..from(damaged)
    };
    let refused = import(&test_log::empty(), options).await.unwrap_err();
    assert!(refused.to_string().contains("have the digest"), "{refused}");
    let options = Options {
        blobs: Some(there.clone()),
        ..from(lines)
    };
    let report = import(&test_log::empty(), options).await.unwrap();
    assert_eq!((report.appended, report.blobs, report.whole), (3, 1, true));
    assert_eq!(there.get(kept.digest, 100).await.unwrap(), Some(body));
}

#[tokio::test]
async fn a_bad_line_is_refused_by_number_and_earlier_lines_are_kept() {
    let good = String::from_utf8(exported(&test_log::filled(9).await, false).await).unwrap();
    let good: Vec<&str> = good.lines().collect();
    // Lines 1 to 4 are revision 0 of builds 0 to 3, lines 5 to 8 revision 1, line 9 revision 2.
    for (line, change, reason) in [
        (5, ("{\"pos", "{pos"), "not a line of an export"),
        (
            5,
            ("\"revision\":1", "\"revision\":2"),
            "leaves a gap: build-default:0 continues at 1",
        ),
        (
            5,
            ("\"revision\":1", "\"revision\":0"),
            "revision 0 of build-default:0 is there twice",
        ),
        (
            9,
            ("skipped\",\"version\":2", "skipped\",\"version\":9"),
            "this program reads up to 2",
        ),
        (
            5,
            ("build.reported", "build.dreamt"),
            "no event has the type build.dreamt",
        ),
        (
            5,
            ("build-default:0", "node-default:0"),
            "does not belong in stream node-default:0",
        ),
        (5, ("\"source\":", "\"sauce\":"), "missing field `source`"),
        (
            5,
            ("\"kind\":\"system\"", "\"kind\":\"ghost\""),
            "the metadata cannot be read",
        ),
        (
            5,
            ("0000000005\"", "0000000002\""),
            "id 00000000-0000-0000-0000-000000000002 is there twice",
        ),
    ] {
        let mut lines: Vec<String> = good.iter().map(|line| (*line).to_owned()).collect();
        lines[line - 1] = lines[line - 1].replacen(change.0, change.1, 1);
        assert_ne!(
            lines[line - 1],
            good[line - 1],
            "{change:?} changes nothing"
        );
        for dry_run in [true, false] {
            let copy = test_log::empty();
            let options = Options {
                dry_run,
                ..from(lines.join("\n"))
            };
            let refused = import(&copy, options).await.unwrap_err();
            let text = refused.to_string();
            assert!(text.contains(reason), "{change:?}: {text}");
            assert!(
                text.starts_with(&format!("line {line}: ")),
                "{change:?}: {text}"
            );
            assert_eq!(refused.exit_code(), 6);
            let kept = if dry_run { 0 } else { line as u64 - 1 };
            assert_eq!(copy.head(), Position(kept), "{change:?}");
        }
    }
}

#[tokio::test]
async fn a_gap_between_neighbours_is_refused_before_anything_is_appended() {
    let original = log_of(&[
        (1, vec![], String::new()),
        (1, vec![], String::new()),
        (1, vec![], String::new()),
    ])
    .await;
    let lines = String::from_utf8(exported(&original, false).await).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let copy = test_log::empty();
    let options = Options {
        check_shapes: false,
        ..from([lines[0], lines[2]].join("\n"))
    };
    let refused = import(&copy, options).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("line 2: revision 2 leaves a gap"),
        "{refused}"
    );
    assert_eq!(copy.head(), Position(1));
}

#[tokio::test]
async fn a_dry_run_counts_and_writes_nothing() {
    let original = test_log::filled(5000).await;
    let lines = exported(&original, false).await;
    let copy = test_log::filled(2500).await;
    let half = copy.head();
    // The first half has other builds than the original's, so only an empty log takes it all.
    let options = Options {
        dry_run: true,
        ..from(lines.clone())
    };
    assert!(matches!(
        import(&copy, options).await,
        Err(ToolError::Line { .. })
    ));
    assert_eq!(copy.head(), half);
    let empty = test_log::empty();
    let report = import(
        &empty,
        Options {
            dry_run: true,
            ..from(lines)
        },
    )
    .await
    .unwrap();
    assert_eq!(
        (report.appended, report.already, report.dry_run),
        (5000, 0, true)
    );
    assert_eq!(empty.head(), Position::START);
}

#[tokio::test]
async fn compressed_lines_are_known_by_their_bytes() {
    let original = test_log::filled(300).await;
    let lines = zstd::encode_all(&exported(&original, true).await[..], 1).unwrap();
    let cut = import(&test_log::empty(), from(&lines[..lines.len() / 2])).await;
    assert!(matches!(cut, Err(ToolError::Line { .. })), "{cut:?}");
    let copy = test_log::empty();
    import(&copy, from(lines)).await.unwrap();
    assert_eq!(all_of(&copy).await, all_of(&original).await);
}

#[tokio::test]
async fn an_empty_file_is_an_empty_import() {
    let report = import(&test_log::empty(), from("")).await.unwrap();
    let complaint = "it has no end line, so it was cut off; no line is known to be right";
    assert_eq!(report.complaint.as_deref(), Some(complaint));
    assert_eq!((report.appended, report.whole), (0, false));
}

/// Whatever bytes a log holds, its copy holds the same.
#[test]
fn a_copy_of_any_bytes_is_the_same_log() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let event = (
        0..4_i64,
        prop::collection::vec(any::<u8>(), 0..60),
        "\\PC{0,20}|[{}\\[\\]\"\n]{0,9}",
    );
    proptest!(ProptestConfig::with_cases(64), |(events in prop::collection::vec(event, 0..40))| {
        runtime.block_on(async {
            let original = log_of(&events).await;
            let lines = exported(&original, true).await;
            let copy = test_log::empty();
            let options = Options { check_shapes: false, ..from(lines) };
            let report = import(&copy, options).await.unwrap();
            assert_eq!(all_of(&copy).await, all_of(&original).await);
            assert_eq!(report.moved, 0);
        });
    });
}

async fn log_of(events: &[(i64, Vec<u8>, String)]) -> MemoryLog {
    let log = test_log::empty();
    for (number, (stream, data, metadata)) in events.iter().enumerate() {
        let event = NewEvent {
            id: Uuid::from_u128(number as u128 + 1),
            event_type: EventType::from_static("build.reported"),
            version: 1,
            metadata: Bytes::from(metadata.clone()),
            data: Bytes::from(data.clone()),
            recorded_at: None,
        };
        test_log::append(&log, test_log::stream_of(*stream), vec![event]).await;
    }
    log
}
