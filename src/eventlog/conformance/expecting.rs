//! What a writer believes of a stream.

use std::sync::Arc;

use super::fixture::{append, append_any, part, refused, run, whole};
use crate::{AppendError, EventLog, Expected, Revision};

/// Every expectation against a stream that is empty, has one event, and has two.
pub async fn every_expectation_is_held_to(log: Arc<dyn EventLog>) {
    use Expected::{Any, At, Empty, Exists};
    let mut number = 1000;
    for (events, expected, admitted) in [
        (0, Any, true),
        (0, Empty, true),
        (0, Exists, false),
        (0, At(Revision(0)), false),
        (1, Any, true),
        (1, Empty, false),
        (1, Exists, true),
        (1, At(Revision(0)), true),
        (1, At(Revision(1)), false),
        (2, Any, true),
        (2, Empty, false),
        (2, Exists, true),
        (2, At(Revision(0)), false),
        (2, At(Revision(1)), true),
        (2, At(Revision(u64::MAX)), false),
    ] {
        number += 10;
        let stream = run(number);
        for more in 0..events {
            append_any(&*log, &stream, [number + more]).await;
        }
        let outcome = log
            .append(vec![part(&stream, expected, [number + 5])])
            .await;
        assert_eq!(
            outcome.is_ok(),
            admitted,
            "{expected:?} with {events}: {outcome:?}"
        );
        let there = whole(&*log, &stream).await.len() as u64;
        assert_eq!(
            there,
            events + u64::from(admitted),
            "{expected:?} with {events}"
        );
    }
}

/// A conflict names the stream, what was expected and what is; nothing was written.
pub async fn a_conflict_names_the_expected_and_the_actual_revision(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(1), 0..3).await;
    for (stream, wrong, right) in [
        (run(1), Expected::Empty, Some(Revision(2))),
        (run(1), Expected::At(Revision(1)), Some(Revision(2))),
        (run(2), Expected::Exists, None),
        (run(2), Expected::At(Revision(0)), None),
    ] {
        match refused(&*log, vec![part(&stream, wrong, [9])]).await {
            AppendError::Conflict {
                stream: named,
                expected,
                actual,
            } => assert_eq!((named, expected, actual), (stream, wrong, right)),
            other => panic!("{other}"),
        }
    }
    let batch = vec![part(&run(1), Expected::At(Revision(2)), [9])];
    assert_eq!(append(&*log, batch).await.receipts[0].revision, Revision(3));
}
