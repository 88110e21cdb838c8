//! What streams of events have in common.

use std::time::Duration;

use axum::response::sse::KeepAlive;

/// By which a reader says what it saw last.
pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

/// How long a stream is silent at most. Proxies close what says nothing for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A comment line now and then, so that a quiet stream is not taken for a dead one.
pub(crate) fn keep_alive() -> KeepAlive {
    KeepAlive::new().interval(HEARTBEAT).text("still here")
}
