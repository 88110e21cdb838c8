//! The events of the log: pages, single events, streams.

use ::projections::engine::history::EventQuery;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::core::token::Role;
use eventlog::{Filter, Position, Revision, StreamName};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;
use web::{App, Caller, Path, Problem, Query, View, paging};

use crate::categories::{self, SCOPE};
use crate::core::wire::{EventPage, StoredEvent};
use crate::parameters::{self, Form};
use crate::reads;

mod lines;
mod live;

pub(crate) use live::resume_after;

/// The most events of one stream that one answer holds.
const STREAM_PAGE_MAX: usize = 1000;

/// Filters of the list of events.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventParams {
    /// Only this stream, such as `build-default:9892514`.
    stream: Option<String>,
    /// Stream categories, comma-separated.
    category: Option<String>,
    /// Event types, comma-separated; `build.*` matches all that start with `build.`.
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// The actor: an id, a name, a kind (`worker`), or kind and name (`token:ci`).
    actor: Option<String>,
    /// The interface it came through, such as `api` or `gantry`.
    dialect: Option<String>,
    /// Recorded at or after this time (RFC 3339).
    since: Option<String>,
    /// Recorded before this time (RFC 3339).
    until: Option<String>,
    /// Only events after this position.
    after: Option<u64>,
    /// Only events before this position.
    before: Option<u64>,
    /// The order: `asc` (the default) or `desc`.
    order: Option<String>,
    /// Maximum page size, 1 to 1000; fewer if the events are large. With NDJSON: the most events.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

impl EventParams {
    /// The query, restricted to what the caller may read.
    fn query(&self, caller: &Caller, head: Position) -> Result<EventQuery, Problem> {
        let order = parameters::word("order", self.order.clone(), &["asc", "desc"])?;
        let stream = self
            .stream
            .clone()
            .map(|name| stream_name("stream", name))
            .transpose()?;
        if let Some(stream) = &stream {
            categories::check(caller, stream.category())?;
        }
        let filter = Filter {
            categories: parameters::list(self.category.as_deref()),
            event_types: parameters::list(self.event_type.as_deref()),
        };
        let after = self.after.map(Position);
        let after = after.map(|after| parameters::within("after", after, head));
        let mut query = EventQuery {
            filter: categories::limit(caller, filter)?,
            stream,
            actor: self.actor.clone(),
            dialect: self.dialect.clone(),
            since: parameters::time("since", self.since.as_deref())?,
            until: parameters::time("until", self.until.as_deref())?,
            after: after.transpose()?,
            before: self.before.map(Position),
            limit: paging::PAGE_DEFAULT,
            bytes_max: None,
            descending: order.as_deref() == Some("desc"),
        };
        if let Some(place) = position_of(self.cursor.as_deref())? {
            go_on(&mut query, place);
        }
        Ok(query)
    }
}

/// Continues a query where a page has ended.
fn go_on(query: &mut EventQuery, from: Position) {
    if query.descending {
        query.before = Some(query.before.map_or(from, |before| before.min(from)));
    } else {
        query.after = Some(query.after.map_or(from, |after| after.max(from)));
    }
}

fn stream_name(field: &str, name: String) -> Result<StreamName, Problem> {
    StreamName::parse(name).map_err(|error| {
        Problem::bad_request("invalid stream name: expected `category-key`")
            .at(field, error.to_string())
    })
}

/// List events.
///
/// With `Accept: application/x-ndjson` the answer has every matching event, one per line. With
/// `Accept: text/event-stream` it is a live stream; `Last-Event-ID` resumes it.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventParams),
    responses((status = 200, body = EventPage)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(params): Query<EventParams>,
) -> Result<Response, Problem> {
    let mut query = params.query(&caller, app.commands.head())?;
    match parameters::form(&headers) {
        Form::Live => live::follow(&app, &caller, &headers, query),
        Form::Lines => lines::all(&app, &caller, query, params.limit),
        Form::Page => {
            query.limit = paging::limit(params.limit)?;
            let _reserved = reads::reserve(&app, query.limit)?;
            let history = app.views.history();
            let position = history.head();
            let page = history.page(&query).await?;
            let next = page.next.map(|next| paging::seal(&place_of(next)));
            let items = page.events.iter().map(StoredEvent::of).collect();
            let body = EventPage { items, next };
            Ok(View { position, body }.into_response())
        }
    }
}

/// The cursor of a list of events that continues at a position.
pub(crate) fn place_of(position: Position) -> ::projections::Cursor {
    ::projections::Cursor::from_bytes(position.0.to_be_bytes())
}

/// Reads a sealed [`place_of`]; none for the beginning of a list, which is also what an empty
/// cursor means, as in every other list.
pub(crate) fn position_of(cursor: Option<&str>) -> Result<Option<Position>, Problem> {
    let place = paging::open(cursor)?;
    if place.is_start() {
        return Ok(None);
    }
    let position = <[u8; 8]>::try_from(place.as_bytes()).map_err(|_| {
        Problem::bad_request("invalid `cursor`: it does not belong to this list")
            .at("cursor", "expected `next` of the previous page, unchanged")
    })?;
    Ok(Some(Position(u64::from_be_bytes(position))))
}

/// Get the event at a position.
#[utoipa::path(get, path = "/v1/events/{position}", tag = "events",
    params(("position" = u64, Path, description = "A position of the log")),
    responses((status = 200, body = StoredEvent)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(position): Path<u64>,
) -> Result<View<StoredEvent>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let history = app.views.history();
    let head = history.head();
    let found = history.get(Position(position)).await?;
    let event = found.ok_or_else(|| {
        Problem::not_found(format!(
            "there is no event at position {position}: the log ends at {head}"
        ))
    })?;
    categories::check(&caller, event.stream.category())?;
    Ok(View {
        position: head,
        body: StoredEvent::of(&event),
    })
}

/// The page of a stream.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// The first revision of the page.
    pub(crate) from: u64,
    /// Maximum page size, 1 to 1000; fewer if the events are large.
    pub(crate) limit: Option<usize>,
}

/// List the events of a stream.
#[utoipa::path(get, path = "/v1/streams/{stream}", tag = "events",
    params(("stream" = String, Path, description = "The name of a stream, such as `build-default:9892514`"), StreamParams),
    responses((status = 200, body = EventPage)))]
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(params): Query<StreamParams>,
) -> Result<View<EventPage>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let name = stream_name("stream", name)?;
    categories::check(&caller, name.category())?;
    let limit = paging::limit(params.limit)?.min(STREAM_PAGE_MAX);
    stream_page(&app, &name, params.from, limit).await
}

/// A page of a stream; 404 if the stream has no events.
pub(crate) async fn stream_page(
    app: &App,
    name: &StreamName,
    from: u64,
    limit: usize,
) -> Result<View<EventPage>, Problem> {
    let _reserved = reads::reserve(app, limit)?;
    let history = app.views.history();
    let position = history.head();
    let (events, more) = history.stream_page(name, Revision(from), limit).await?;
    if events.is_empty()
        && (from == 0 || history.stream(name, Revision::FIRST, 1).await?.is_empty())
    {
        return Err(Problem::not_found(format!("stream {name} has no events")));
    }
    let next = events
        .last()
        .filter(|_| more)
        .map(|event| event.revision.next().to_string());
    let items = events.iter().map(StoredEvent::of).collect();
    Ok(View {
        position,
        body: EventPage { items, next },
    })
}
