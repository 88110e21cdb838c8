//! Everything from outside has a maximum.

use std::sync::Arc;

use super::fixture::{append, everything, part, refused, run, whole};
use crate::{AppendError, EventLog, Expected};

/// Empty and too large batches are refused, and change nothing.
pub async fn what_is_over_a_limit_is_refused(log: Arc<dyn EventLog>) {
    let limits = log.limits();
    let too_many = part(&run(1), Expected::Any, 0..=limits.batch_events as u64);
    let mut too_large = part(&run(1), Expected::Any, [0]);
    too_large.events[0].data = vec![b'x'; limits.event_bytes].into();
    let events = limits.batch_bytes / (limits.event_bytes - 100) + 1;
    let mut too_much = part(&run(1), Expected::Any, 0..events as u64);
    for event in &mut too_much.events {
        event.data = vec![b'x'; limits.event_bytes - 100].into();
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
    let limits = log.limits();
    let most = limits.batch_events as u64;
    let many = part(&run(1), Expected::Empty, 0..most);
    append(&*log, vec![many]).await;
    assert_eq!(whole(&*log, &run(1)).await.len(), limits.batch_events);
    let mut largest = part(&run(2), Expected::Empty, most..most + 4);
    for event in &mut largest.events {
        let size = limits.event_bytes.min(limits.batch_bytes / 4) - event.metadata.len();
        event.data = vec![b'x'; size].into();
    }
    let data = largest.events[0].data.clone();
    append(&*log, vec![largest]).await;
    let events = whole(&*log, &run(2)).await;
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|event| event.data == data));
    assert_eq!(everything(&*log).await.len(), limits.batch_events + 4);
}
