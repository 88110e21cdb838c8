//! Events as they happen.

use std::convert::Infallible;

use ::projections::history::EventQuery;
use axum::response::sse::{Event, Sse};
use domain::Metadata;
use eventlog::{Position, Recorded};
use futures::{Stream, StreamExt, stream};
use http::HeaderMap;
use web::{House, Problem};

use crate::sse::{LAST_EVENT_ID, keep_alive};
use crate::wire::StoredEvent;

/// Follows the log from where the reader has been: `Last-Event-ID`, else `after`, else from now on.
pub(super) fn follow(
    house: &House,
    headers: &HeaderMap,
    query: EventQuery,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Problem> {
    if query.descending || query.until.is_some() || query.before.is_some() {
        return Err(Problem::bad_request(
            "what goes on has no end: leave out order, until and before",
        ));
    }
    let after = resume_after(house, headers, query.after)?;
    let permit = house.stream_permit()?;
    let subscription = house.views.history().subscribe(after, query.filter.clone());
    let events = stream::unfold(
        (subscription, query, permit),
        |(mut subscription, query, permit)| async {
            loop {
                match subscription.next().await {
                    Ok(Some(event)) if admits(&query, &event) => {
                        return Some((Ok(sent(&event)), (subscription, query, permit)));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return None,
                    Err(error) => {
                        // The reader comes back by itself, and goes on where it was.
                        tracing::warn!(%error, "a stream of events ends: {error}");
                        return None;
                    }
                }
            }
        },
    );
    let events = events.take_until(house.closed());
    Ok(Sse::new(events).keep_alive(keep_alive()))
}

/// Where a stream goes on: where the reader has been by `Last-Event-ID`, else after `asked`, else from now on.
pub(crate) fn resume_after(
    house: &House,
    headers: &HeaderMap,
    asked: Option<Position>,
) -> Result<Position, Problem> {
    let Some(id) = headers.get(LAST_EVENT_ID) else {
        return Ok(asked.unwrap_or_else(|| house.commands.head()));
    };
    let position = id.to_str().ok().and_then(|text| text.parse().ok());
    position.map(Position).ok_or_else(|| {
        Problem::bad_request("this was never sent from here")
            .at(LAST_EVENT_ID, "is the position of an event")
    })
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
    let actor = metadata.actor.map(|actor| actor.id);
    (query.actor.is_none() || query.actor == actor)
        && (query.dialect.is_none() || query.dialect == metadata.dialect)
}

fn sent(event: &Recorded) -> Event {
    let stored = serde_json::to_string(&StoredEvent::of(event)).unwrap_or_default();
    Event::default()
        .id(event.position.to_string())
        .event(event.event_type.as_str())
        .data(stored)
}
