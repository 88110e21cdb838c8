use eventlog::{Filter, Revision};

use super::*;
use crate::test_log::{self, Shared, second};
use crate::{AsOf, unwatched};

fn everything(to: Destination) -> Options {
    Options {
        window: Window::default(),
        to,
        blobs: None,
        end_line: false,
    }
}

async fn lines_of(log: &dyn EventLog, window: Window) -> (Vec<u64>, Report) {
    let shared = Shared::default();
    let to = Destination::Writer(Box::new(shared.clone()));
    let report = run(
        log,
        Options {
            window,
            ..everything(to)
        },
        &unwatched,
    )
    .await
    .unwrap();
    let text = String::from_utf8(shared.taken()).unwrap();
    assert_eq!(report.bytes, text.len() as u64);
    let position = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["position"].as_u64().unwrap()
    };
    (text.lines().map(position).collect(), report)
}

#[tokio::test]
async fn an_export_has_one_line_per_event_in_the_order_of_the_log() {
    let log = test_log::filled(9000).await;
    let (positions, report) = lines_of(&log, Window::default()).await;
    assert_eq!(positions, (1..=9000).collect::<Vec<_>>());
    assert_eq!(report.events, 9000);
    assert_eq!(
        (report.first, report.last),
        (Some(Position(1)), Some(Position(9000)))
    );
    assert_eq!(report.looked_at, Position(9000));
}

#[tokio::test]
async fn a_window_is_cut_at_positions_times_and_kinds() {
    let log = test_log::filled(60).await;
    let skipped = Filter {
        event_types: vec!["build.collection_*".to_owned()],
        ..Filter::all()
    };
    let nodes = Filter {
        categories: vec!["node".to_owned()],
        ..Filter::all()
    };
    let at = |position| Some(AsOf::Position(Position(position)));
    // The event at position n was recorded n - 1 seconds after noon.
    let time = |seconds| Some(AsOf::Time(second(seconds)));
    for (from, until, filter, expected) in [
        (at(5), at(8), Filter::all(), 5..9),
        (at(58), at(900), Filter::all(), 58..61),
        (at(0), at(2), Filter::all(), 1..3),
        (time(10), time(12), Filter::all(), 11..14),
        (None, time(2), Filter::all(), 1..4),
        (time(58), None, Filter::all(), 59..61),
        (time(900), None, Filter::all(), 0..0),
        (at(9), at(8), Filter::all(), 0..0),
        (None, None, skipped.clone(), 43..61),
        (time(44), time(46), skipped, 45..48),
        (None, None, nodes, 0..0),
    ] {
        let window = Window {
            from,
            until,
            filter,
        };
        let (positions, report) = lines_of(&log, window.clone()).await;
        assert_eq!(
            positions,
            expected.clone().collect::<Vec<u64>>(),
            "{window:?}"
        );
        assert_eq!(report.events, expected.end - expected.start, "{window:?}");
    }
}

/// A clock that was once wrong must not hide what came after, only what could not be known then.
#[tokio::test]
async fn a_time_ends_at_the_first_event_that_was_recorded_later() {
    let log = test_log::empty();
    for (number, recorded) in [(1, 1), (2, 50), (3, 3)] {
        let event = domain::builds::build::BuildEvent::Reported(test_log::report(
            number,
            "running",
            second(1),
        ));
        let new = eventlog::NewEvent {
            recorded_at: Some(second(recorded)),
            ..test_log::new_event(recorded, &event.into())
        };
        test_log::append(&log, test_log::stream_of(number), vec![new]).await;
    }
    let until = |seconds| Window {
        until: Some(AsOf::Time(second(seconds))),
        ..Window::default()
    };
    assert_eq!(lines_of(&log, until(10)).await.0, [1]);
    assert_eq!(lines_of(&log, until(50)).await.0, [1, 2, 3]);
    assert_eq!(
        AsOf::Time(second(10)).head_of(&log).await.unwrap(),
        Position(1)
    );
}

#[tokio::test]
async fn a_running_log_is_copied_up_to_where_it_was_at_the_beginning() {
    let log = test_log::filled(10_000).await;
    let shared = Shared::default();
    let to = Destination::Writer(Box::new(shared.clone()));
    let unwatched: &Watch<'_> = &unwatched;
    let (report, ()) = tokio::join!(
        run(&log, everything(to), unwatched),
        test_log::fill(&log, 500)
    );
    assert_eq!(report.unwrap().last, Some(Position(10_000)));
    assert_eq!(log.head(), Position(10_500));
    assert_eq!(
        shared.taken().iter().filter(|byte| **byte == b'\n').count(),
        10_000
    );
}

#[tokio::test]
async fn a_file_has_its_name_only_when_it_is_whole_and_none_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.ndjson.zst");
    let log = test_log::filled(100).await;
    run(&log, everything(Destination::named(&path)), &unwatched)
        .await
        .unwrap();
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(names.len(), 1);
    let lines = zstd::decode_all(std::fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 100);

    let again = run(&log, everything(Destination::named(&path)), &unwatched).await;
    assert!(matches!(again, Err(ToolError::Usage(reason)) if reason.ends_with("exists")));
    let nowhere = folder.path().join("missing/copy.ndjson");
    let lost = run(&log, everything(Destination::named(&nowhere)), &unwatched).await;
    assert!(matches!(lost, Err(ToolError::File { .. })));
}

#[tokio::test]
async fn a_destination_that_fails_fails_the_export() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = test_log::filled(20_000).await;
    let failed = run(
        &log,
        everything(Destination::Writer(Box::new(Full))),
        &unwatched,
    )
    .await;
    assert!(matches!(failed, Err(ToolError::File { source, .. })
        if source.kind() == std::io::ErrorKind::StorageFull));
}

#[tokio::test]
async fn progress_reaches_its_total() {
    let log = test_log::filled(5000).await;
    let seen = std::sync::Mutex::new(Vec::new());
    let watch = |progress: Progress| seen.lock().unwrap().push(progress);
    let to = Destination::Writer(Box::new(std::io::sink()));
    run(&log, everything(to), &watch).await.unwrap();
    let last = seen.lock().unwrap().last().copied();
    let total = Some(5000);
    assert_eq!(
        last,
        Some(Progress {
            done: 5000,
            total,
            unit: Unit::Events
        })
    );
    assert_eq!(
        log.stream_head(&test_log::stream_of(0)).await.unwrap(),
        Some(Revision(2))
    );
}
