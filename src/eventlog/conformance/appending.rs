//! What an append leaves behind.

use std::sync::Arc;

use jiff::Timestamp;

use super::fixture::{append, append_any, assert_is, everything, part, refused, run, whole};
use crate::{AppendError, EventLog, Expected, Filter, PageLimit, Position, Revision};

/// A new log is empty.
pub async fn a_fresh_log_is_empty(log: Arc<dyn EventLog>) {
    assert_eq!(log.head(), Position::START);
    assert!(everything(&*log).await.is_empty());
    assert!(whole(&*log, &run(1)).await.is_empty());
    assert!(log.stopped().is_none());
    let head = log.stream_head(&run(1)).await.expect("readable");
    assert_eq!(head, None);
    let page = log
        .read_all_back(Position::END, &Filter::all(), PageLimit::default())
        .await
        .expect("readable");
    assert!(page.events.is_empty() && page.end);
}

/// Positions only grow; per stream, revisions are 0, 1, 2, … without gaps; receipts are correct.
pub async fn positions_grow_and_revisions_count_from_nought(log: Arc<dyn EventLog>) {
    let mut receipts = Vec::new();
    for number in 0..20 {
        let batch = vec![
            part(&run(number % 3), Expected::Any, [number * 10]),
            part(&run(7), Expected::Any, [number * 10 + 1, number * 10 + 2]),
        ];
        let appended = append(&*log, batch).await;
        assert!(!appended.repeated);
        assert_eq!(log.head(), appended.last());
        receipts.extend(appended.receipts);
    }
    assert!(receipts.is_sorted_by(|one, two| one.position < two.position));
    assert!(receipts[0].position > Position::START);
    let events = everything(&*log).await;
    assert_eq!(events.len(), receipts.len());
    for (event, receipt) in events.iter().zip(&receipts) {
        assert_eq!(
            (event.position, event.revision),
            (receipt.position, receipt.revision)
        );
    }
    for number in [0, 1, 2, 7] {
        let revisions: Vec<_> = whole(&*log, &run(number))
            .await
            .iter()
            .map(|event| event.revision.0)
            .collect();
        assert!(!revisions.is_empty());
        assert_eq!(revisions, (0..revisions.len() as u64).collect::<Vec<_>>());
    }
}

/// Every field of an event comes back as it was given, in whichever way it is read.
pub async fn what_was_appended_is_read_as_it_was(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(1), 0..5).await;
    append_any(&*log, &run(2), 5..9).await;
    let events = everything(&*log).await;
    for (event, number) in events.iter().zip(0..) {
        assert_is(event, number);
        assert_eq!(event.stream, run(if number < 5 { 1 } else { 2 }));
        // The clock of a backend may be fixed, but has no parts of a microsecond.
        assert_eq!(event.recorded_at.subsec_nanosecond() % 1000, 0);
    }
    assert_eq!(whole(&*log, &run(1)).await, events[..5]);
    assert_eq!(whole(&*log, &run(2)).await, events[5..]);
}

/// A batch is all or nothing, whatever streams it names.
pub async fn a_batch_that_conflicts_in_its_last_part_leaves_nothing(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(1), [0]).await;
    let head = log.head();
    let batch = vec![
        part(&run(2), Expected::Empty, [1, 2]),
        part(&run(1), Expected::Any, [3]),
        part(&run(1), Expected::At(Revision(0)), [4]),
    ];
    let error = refused(&*log, batch).await;
    assert!(matches!(error, AppendError::Conflict { .. }), "{error}");
    assert_eq!(log.head(), head);
    assert_eq!(everything(&*log).await.len(), 1);
    assert!(whole(&*log, &run(2)).await.is_empty());
    let appended = append_any(&*log, &run(2), [1]).await;
    assert_eq!(appended.receipts[0].revision, Revision(0));
}

/// The second part for a stream sees it as the first has left it.
pub async fn a_stream_may_be_twice_in_a_batch(log: Arc<dyn EventLog>) {
    let batch = vec![
        part(&run(1), Expected::Empty, [0, 1]),
        part(&run(2), Expected::Empty, [2]),
        part(&run(1), Expected::At(Revision(1)), [3]),
    ];
    append(&*log, batch).await;
    let numbers = [0, 1, 3];
    for (event, (revision, number)) in whole(&*log, &run(1)).await.iter().zip((0..).zip(numbers)) {
        assert_eq!(event.revision, Revision(revision));
        assert_is(event, number);
    }
    let batch = vec![
        part(&run(3), Expected::Empty, [4]),
        part(&run(3), Expected::Empty, [5]),
    ];
    let error = refused(&*log, batch).await;
    assert!(
        matches!(
            error,
            AppendError::Conflict {
                actual: Some(Revision(0)),
                ..
            }
        ),
        "{error}"
    );
}

/// An import gives the time when an event was first recorded, and the log keeps it.
pub async fn an_import_says_when_an_event_was_recorded(log: Arc<dyn EventLog>) {
    let then: Timestamp = "2019-07-01T12:00:00.123456Z".parse().expect("a time");
    let mut imported = part(&run(1), Expected::Any, [0, 1]);
    imported.events[1].recorded_at = Some(then);
    append(&*log, vec![imported]).await;
    let events = everything(&*log).await;
    assert_ne!(events[0].recorded_at, then);
    assert_eq!(events[1].recorded_at, then);
}
