//! What was acknowledged outlives the process.

use std::future::Future;
use std::sync::Arc;

use super::fixture::{append, append_any, everything, fill, id, part, refused, run, whole};
use crate::{AppendError, EventLog, Expected, Revision};

/// Everything that was there is there again, to the last byte.
pub async fn everything_is_there_again<F, Fut>(open: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn EventLog>>,
{
    let log = open().await;
    let before = fill(&*log).await;
    let head = log.head();
    drop(log);
    for _ in 0..2 {
        let log = open().await;
        assert_eq!(log.head(), head);
        assert_eq!(everything(&*log).await, before);
        for number in 0..11 {
            let wanted: Vec<_> = before
                .iter()
                .filter(|event| event.stream == run(number))
                .cloned()
                .collect();
            assert_eq!(whole(&*log, &run(number)).await, wanted);
        }
    }
}

/// A stream is expected to be as it was.
pub async fn expectations_hold_again<F, Fut>(open: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn EventLog>>,
{
    for round in 0..5 {
        let log = open().await;
        let expected = match round {
            0 => Expected::Empty,
            _ => Expected::At(Revision(round - 1)),
        };
        let batch = vec![part(&run(1), expected, [round])];
        let appended = append(&*log, batch).await;
        assert_eq!(appended.receipts[0].revision, Revision(round));
        let error = refused(&*log, vec![part(&run(1), expected, [100])]).await;
        assert!(
            matches!(error, AppendError::Conflict { actual: Some(actual), .. } if actual.0 == round),
            "{error}"
        );
    }
}

/// A repeat is still answered with the first result.
pub async fn ids_are_known_again<F, Fut>(open: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn EventLog>>,
{
    let log = open().await;
    let batch = vec![part(&run(1), Expected::Empty, 0..10)];
    let first = append(&*log, batch.clone()).await;
    append_any(&*log, &run(2), 10..300).await;
    drop(log);
    let log = open().await;
    let again = append(&*log, batch).await;
    assert!(again.repeated);
    assert_eq!(again.receipts, first.receipts);
    for number in 0..10 {
        let found = log.find(id(number)).await.expect("readable");
        assert_eq!(found, Some(first.receipts[number as usize].position));
    }
}

/// Positions that were given out are not given out again.
pub async fn positions_go_on<F, Fut>(open: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn EventLog>>,
{
    let mut head = None;
    for round in 0..5 {
        let log = open().await;
        let appended = append_any(&*log, &run(round), [round * 2, round * 2 + 1]).await;
        assert!(Some(appended.receipts[0].position) > head);
        head = Some(appended.last());
        assert_eq!(everything(&*log).await.len() as u64, (round + 1) * 2);
    }
}

/// The same log keeps its id, so that a copy is distinguished from another log.
pub async fn a_log_keeps_its_id<F, Fut>(open: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn EventLog>>,
{
    let id = open().await.describe().log_id;
    assert!(id.is_some());
    assert_eq!(open().await.describe().log_id, id);
}
