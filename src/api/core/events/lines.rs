//! All matching events as NDJSON, up to the head of the log at the time of the request.

use ::projections::engine::history::EventQuery;
use axum::BoxError;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::core::token::Role;
use eventlog::Position;
use futures::{FutureExt, stream};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use web::{App, Caller, POSITION, Problem, paging};

use super::go_on;
use crate::categories::SCOPE;
use crate::core::wire::StoredEvent;

/// How many bytes of events are read at once, and so buffered for each reader.
const CHUNK_BYTES_MAX: usize = 256 * 1024;

pub(super) fn all(
    app: &App,
    caller: &Caller,
    mut query: EventQuery,
    limit: Option<usize>,
) -> Result<Response, Problem> {
    let permit = app.stream_permit(caller)?;
    let history = app.views.history();
    let head = history.head();
    // Later events are not part of the answer, or an ascending one might never end.
    let end = Position(head.0.saturating_add(1));
    query.before = Some(query.before.map_or(end, |before| before.min(end)));
    let left = limit.unwrap_or(usize::MAX);
    query.bytes_max = Some(CHUNK_BYTES_MAX);
    let lapse = Box::pin(caller.lapse(app, Role::Reader, SCOPE));
    let pages = stream::try_unfold(Some((query, left, (permit, lapse))), move |state| {
        let history = history.clone();
        async move {
            let Some((mut query, left, mut held)) = state.filter(|(_, left, _)| *left > 0) else {
                return Ok(None);
            };
            // An error breaks the connection: an answer that only ended early would look whole.
            if let Some(reason) = (&mut held.1).now_or_never() {
                return Err(BoxError::from(reason));
            }
            query.limit = left.min(paging::PAGE_MAX);
            let page = history.page(&query).await?;
            let mut lines = Vec::new();
            for event in &page.events {
                if serde_json::to_writer(&mut lines, &StoredEvent::of(event)).is_ok() {
                    lines.push(b'\n');
                }
            }
            let left = left.saturating_sub(page.events.len());
            let next = page.next.map(|next| {
                go_on(&mut query, next);
                (query, left, held)
            });
            Ok::<_, BoxError>(Some((Bytes::from(lines), next)))
        }
    });
    let mut response = Body::from_stream(pages).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    headers.insert(POSITION, head.0.into());
    Ok(response)
}
