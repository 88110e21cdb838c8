//! Events as they happen.

use ::projections::engine::history::EventQuery;
use axum::response::Response;
use axum::response::sse::Event;
use domain::Metadata;
use domain::core::token::Role;
use eventlog::{Position, Recorded};
use futures::{StreamExt, stream};
use http::HeaderMap;
use web::{App, Caller, Problem};

use crate::categories::SCOPE;
use crate::core::wire::StoredEvent;
use crate::parameters;
use crate::sse::{LAST_EVENT_ID, live};

/// Follows the log after `Last-Event-ID`, else after `after`, else from now on.
pub(super) fn follow(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    query: EventQuery,
) -> Result<Response, Problem> {
    if query.descending || query.until.is_some() || query.before.is_some() {
        return Err(Problem::bad_request(
            "a live stream takes no `order`, `until` or `before`",
        ));
    }
    let after = resume_after(app, headers, query.after)?;
    let subscription = app.views.history().follow(after, query.filter.clone());
    let pages = stream::unfold((subscription, query), |(mut subscription, query)| async {
        match subscription.next_page().await {
            // Serialised at once: an event keeps the part of the log alive that it was read with.
            Ok(page) => {
                let events = page?.into_iter();
                let events = events.filter(|event| admits(&query, event));
                let events: Vec<_> = events.map(|event| sent(&event)).collect();
                Some((stream::iter(events), (subscription, query)))
            }
            Err(error) => {
                // The client reconnects by itself and resumes.
                tracing::warn!(%error, "live event stream aborted: {error}");
                None
            }
        }
    });
    let lapse = caller.lapse(app, Role::Reader, SCOPE);
    live(app, caller, lapse, pages.flatten())
}

/// The position after which a live stream starts: `Last-Event-ID`, else `after`, else the head.
pub(crate) fn resume_after(
    app: &App,
    headers: &HeaderMap,
    after: Option<Position>,
) -> Result<Position, Problem> {
    let head = app.commands.head();
    let Some(id) = headers.get(LAST_EVENT_ID) else {
        let after = after.map(|after| parameters::within("after", after, head));
        return after.unwrap_or(Ok(head));
    };
    let position = id.to_str().ok().and_then(|text| text.parse().ok());
    let position = position.map(Position).ok_or_else(|| {
        Problem::bad_request("invalid `Last-Event-ID`: expected the position of an event")
            .at(LAST_EVENT_ID, "expected the id of an event of this stream")
    })?;
    parameters::within(LAST_EVENT_ID, position, head)
}

/// The conditions that the log's own filter does not have.
fn admits(query: &EventQuery, event: &Recorded) -> bool {
    let of_stream = query
        .stream
        .as_ref()
        .is_none_or(|stream| *stream == event.stream);
    let in_time = query.since.is_none_or(|since| event.recorded_at >= since);
    if !of_stream || !in_time || (query.actor.is_none() && query.dialect.is_none()) {
        return of_stream && in_time;
    }
    let metadata: Metadata = serde_json::from_slice(&event.metadata).unwrap_or_default();
    query.admits_actor(&metadata) && (query.dialect.is_none() || query.dialect == metadata.dialect)
}

fn sent(event: &Recorded) -> Event {
    let stored = serde_json::to_string(&StoredEvent::of(event)).unwrap_or_default();
    Event::default()
        .id(event.position.to_string())
        .event(event.event_type.as_str())
        .data(stored)
}
