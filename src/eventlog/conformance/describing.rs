//! How a log describes itself, and how it ends.

use std::sync::Arc;

use super::fixture::{append_any, everything, part, refused, run};
use crate::{AppendError, EventLog, Expected, LogLimits};

/// The backend and its layout have names, nothing is missing from what can be read, and no limit is
/// below what callers may rely on.
pub async fn a_log_describes_itself(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(1), 0..3).await;
    let description = log.describe();
    assert!(!description.backend.is_empty() && !description.layout.is_empty());
    assert_eq!((description.lag, description.damage), (0, None));
    assert_eq!(log.describe().log_id, description.log_id);
    let (limits, least) = (log.limits(), LogLimits::LEAST);
    assert!(limits.batch_events >= least.batch_events, "{limits:?}");
    assert!(limits.event_bytes >= least.event_bytes, "{limits:?}");
    assert!(limits.batch_bytes >= least.batch_bytes, "{limits:?}");
}

/// After it was closed, what was acknowledged can be read, and nothing is written. That a batch was
/// refused is certain then: its outcome is never unknown.
pub async fn a_closed_log_is_read_and_not_written(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(1), 0..3).await;
    let closing = Arc::clone(&log);
    let closed = tokio::task::spawn_blocking(move || {
        closing.close();
        closing.close();
    });
    closed.await.expect("a log can be closed twice");
    let error = refused(&*log, vec![part(&run(1), Expected::Any, [3])]).await;
    assert!(matches!(error, AppendError::Stopped { .. }), "{error}");
    assert!(log.stopped().is_some());
    assert_eq!(everything(&*log).await.len(), 3);
}
