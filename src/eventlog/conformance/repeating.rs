//! An event id is accepted once.

use std::sync::Arc;

use super::fixture::{append, append_any, everything, id, part, refused, run};
use crate::{AppendError, EventLog, Expected, Revision};

/// A repeat of a whole batch is answered with the first result, whatever it expects, and writes
/// nothing.
pub async fn a_batch_that_comes_again_gets_its_first_result(log: Arc<dyn EventLog>) {
    let batch = vec![
        part(&run(1), Expected::Empty, [0, 1]),
        part(&run(2), Expected::Empty, [2]),
    ];
    let first = append(&*log, batch.clone()).await;
    append_any(&*log, &run(1), [3]).await;
    let head = log.head();
    for _ in 0..2 {
        let again = append(&*log, batch.clone()).await;
        assert!(again.repeated && !first.repeated);
        assert_eq!(again.receipts, first.receipts);
    }
    // A part of a batch, all of whose ids are known, is a repeat as well.
    let again = append(&*log, vec![part(&run(1), Expected::Empty, [1])]).await;
    assert!(again.repeated);
    assert_eq!(again.receipts, first.receipts[1..2]);
    assert_eq!(log.head(), head);
    assert_eq!(everything(&*log).await.len(), 4);
}

/// No answer to a batch that is half known could be true.
pub async fn a_batch_of_which_only_a_part_is_known_is_refused(log: Arc<dyn EventLog>) {
    let first = append_any(&*log, &run(1), [0, 1]).await;
    let position_of = [first.receipts[0].position, first.receipts[1].position];
    for (numbers, reused) in [([0, 2], 0), ([2, 0], 0), ([3, 1], 1)] {
        match refused(&*log, vec![part(&run(1), Expected::Any, numbers)]).await {
            AppendError::IdReused {
                id: named,
                position,
            } => {
                assert_eq!(named, id(reused));
                assert_eq!(position, position_of[reused as usize]);
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(everything(&*log).await.len(), 2);
}

/// An id of another stream is refused.
pub async fn an_id_of_another_stream_is_refused(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(1), [0, 1]).await;
    for batch in [
        vec![part(&run(2), Expected::Any, [0])],
        vec![part(&run(2), Expected::Any, [0, 1])],
        vec![
            part(&run(1), Expected::Any, [0]),
            part(&run(2), Expected::Any, [1]),
        ],
        vec![
            part(&run(2), Expected::Any, [5]),
            part(&run(2), Expected::Any, [1]),
        ],
    ] {
        let error = refused(&*log, batch).await;
        assert!(matches!(error, AppendError::IdReused { .. }), "{error}");
    }
    assert_eq!(everything(&*log).await.len(), 2);
}

/// What was not written may come again.
pub async fn a_refused_batch_does_not_use_up_its_ids(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(1), [0]).await;
    refused(&*log, vec![part(&run(1), Expected::Empty, [1, 2])]).await;
    let appended = append(&*log, vec![part(&run(1), Expected::Any, [1, 2])]).await;
    assert!(!appended.repeated);
    assert_eq!(appended.receipts[1].revision, Revision(2));
}
