//! Everything that happened, as it was written down.

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
use crate::parameters::{self, Form};
use crate::reads;
use crate::wire::{EventPage, StoredEvent};

mod lines;
mod live;

pub(crate) use live::resume_after;

/// The most events of one stream that one answer holds.
const STREAM_PAGE_MAX: usize = 1000;

/// Which events.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventParams {
    /// One stream alone, such as `build-default:9892514`.
    stream: Option<String>,
    /// Categories of streams, separated by commas.
    category: Option<String>,
    /// Types of events, separated by commas; `build.*` means all that begin so.
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// Who did it: an id, a name, a kind (`worker`), or kind and name (`token:ci`).
    actor: Option<String>,
    /// The interface it came through.
    dialect: Option<String>,
    /// Recorded at or after this time (RFC 3339).
    since: Option<String>,
    /// Recorded before this time (RFC 3339).
    until: Option<String>,
    /// Only what stands after this position.
    after: Option<u64>,
    /// Only what stands before this position.
    before: Option<u64>,
    /// `asc` (the default) or `desc`.
    order: Option<String>,
    /// How many events a page has at most, 1 to 1000; fewer when they are large. With NDJSON: how many at most.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl EventParams {
    /// What may be read of what is asked for.
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

/// Lets a query go on where a page has ended.
fn go_on(query: &mut EventQuery, from: Position) {
    if query.descending {
        query.before = Some(query.before.map_or(from, |before| before.min(from)));
    } else {
        query.after = Some(query.after.map_or(from, |after| after.max(from)));
    }
}

fn stream_name(field: &str, name: String) -> Result<StreamName, Problem> {
    StreamName::parse(name).map_err(|error| {
        Problem::bad_request("this is no name of a stream").at(field, error.to_string())
    })
}

/// What happened?
///
/// With `Accept: application/x-ndjson` every event that matches comes, one a line. With
/// `Accept: text/event-stream` the answer goes on as things happen; `Last-Event-ID` resumes it.
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
            let _room = reads::room_for(&app, query.limit)?;
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

/// Where a list of events goes on.
pub(crate) fn place_of(position: Position) -> ::projections::Cursor {
    ::projections::Cursor::from_bytes(position.0.to_be_bytes())
}

/// Reads what [`place_of`] became when it was sealed; none for the beginning of a list, which is also what an empty
/// cursor means, as in every other list.
pub(crate) fn position_of(cursor: Option<&str>) -> Result<Option<Position>, Problem> {
    let place = paging::open(cursor)?;
    if place.is_start() {
        return Ok(None);
    }
    let position = <[u8; 8]>::try_from(place.as_bytes()).map_err(|_| {
        Problem::bad_request("the cursor does not come from a page of this list")
            .at("cursor", "take it unchanged from `next` of the page before")
    })?;
    Ok(Some(Position(u64::from_be_bytes(position))))
}

/// What stands at this position?
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

/// From which revision on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// The first revision of the page.
    pub(crate) from: u64,
    /// How many events a page has at most, 1 to 1000; fewer when they are large.
    pub(crate) limit: Option<usize>,
}

/// What happened to one thing?
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

/// A page of a stream; 404 when nothing was ever written to it.
pub(crate) async fn stream_page(
    app: &App,
    name: &StreamName,
    from: u64,
    limit: usize,
) -> Result<View<EventPage>, Problem> {
    let _room = reads::room_for(app, limit)?;
    let history = app.views.history();
    let position = history.head();
    let (events, more) = history.stream_page(name, Revision(from), limit).await?;
    if events.is_empty()
        && (from == 0 || history.stream(name, Revision::FIRST, 1).await?.is_empty())
    {
        return Err(Problem::not_found(format!(
            "nothing was ever written to {name}"
        )));
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
