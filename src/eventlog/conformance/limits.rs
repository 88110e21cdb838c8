//! Everything from outside has a maximum.

use std::sync::Arc;

use super::fixture::{append, everything, part, refused, run, whole};
use crate::{AppendError, BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, EventLog, Expected};

/// Empty and too large batches are refused, and change nothing.
pub async fn what_no_log_could_hold_is_refused(log: Arc<dyn EventLog>) {
    let too_many = part(&run(1), Expected::Any, 0..=BATCH_EVENTS_MAX as u64);
    let mut too_large = part(&run(1), Expected::Any, [0]);
    too_large.events[0].data = vec![b'x'; EVENT_BYTES_MAX].into();
    let mut too_much = part(&run(1), Expected::Any, 0..5);
    for event in &mut too_much.events {
        event.data = vec![b'x'; EVENT_BYTES_MAX - 100].into();
    }
    let twice = part(&run(1), Expected::Any, [0, 0]);
    let empty = part(&run(1), Expected::Any, []);
    let whole = part(&run(1), Expected::Any, [0]);
    for batch in [
        vec![],
        vec![empty.clone()],
        vec![whole, empty],
        vec![too_many],
        vec![too_large],
        vec![too_much],
        vec![twice],
    ] {
        let error = refused(&*log, batch).await;
        assert!(matches!(error, AppendError::Refused { .. }), "{error}");
    }
    assert!(everything(&*log).await.is_empty());
}

/// What is within the limits is taken: the most events, the largest event, the most bytes.
pub async fn the_largest_batches_are_taken(log: Arc<dyn EventLog>) {
    append(
        &*log,
        vec![part(&run(1), Expected::Empty, 0..BATCH_EVENTS_MAX as u64)],
    )
    .await;
    assert_eq!(whole(&*log, &run(1)).await.len(), BATCH_EVENTS_MAX);
    let first = BATCH_EVENTS_MAX as u64;
    let mut largest = part(&run(2), Expected::Empty, first..first + 4);
    for event in &mut largest.events {
        let size = BATCH_BYTES_MAX / 4 - event.metadata.len();
        event.data = vec![b'x'; size].into();
    }
    let data = largest.events[0].data.clone();
    append(&*log, vec![largest]).await;
    let events = whole(&*log, &run(2)).await;
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|event| event.data == data));
    assert_eq!(everything(&*log).await.len(), BATCH_EVENTS_MAX + 4);
}
