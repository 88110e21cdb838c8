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
use crate::parameters;
use crate::sse::{LAST_EVENT_ID, live};
use crate::wire::StoredEvent;

/// Follows the log from where the reader has been: `Last-Event-ID`, else `after`, else from now on.
pub(super) fn follow(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    query: EventQuery,
) -> Result<Response, Problem> {
    if query.descending || query.until.is_some() || query.before.is_some() {
        return Err(Problem::bad_request(
            "what goes on has no end: leave out order, until and before",
        ));
    }
    let after = resume_after(app, headers, query.after)?;
    let subscription = app.views.history().follow(after, query.filter.clone());
    let pages = stream::unfold((subscription, query), |(mut subscription, query)| async {
        match subscription.next_page().await {
            // Written as they are sent at once: an event holds on to the part of the log that it was read with.
            Ok(page) => {
                let events = page?.into_iter();
                let events = events.filter(|event| admits(&query, event));
                let events: Vec<_> = events.map(|event| sent(&event)).collect();
                Some((stream::iter(events), (subscription, query)))
            }
            Err(error) => {
                // The reader comes back by itself, and goes on where it was.
                tracing::warn!(%error, "a stream of events ends: {error}");
                None
            }
        }
    });
    let lapse = caller.lapse(app, Role::Reader, SCOPE);
    live(app, caller, lapse, pages.flatten())
}

/// Where a stream goes on: where the reader has been by `Last-Event-ID`, else `after`, else from now on.
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
        Problem::bad_request("this was never sent from here")
            .at(LAST_EVENT_ID, "is the position of an event")
    })?;
    parameters::within(LAST_EVENT_ID, position, head)
}

/// What the log's own filter does not know.
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
