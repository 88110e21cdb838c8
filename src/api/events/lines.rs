//! Every event that matches, one a line, up to where the log ended when it was asked.

use ::projections::history::EventQuery;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use eventlog::Position;
use futures::stream;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use web::{House, POSITION, Problem, paging};

use super::go_on;
use crate::wire::StoredEvent;

pub(super) fn all(
    house: &House,
    mut query: EventQuery,
    limit: Option<usize>,
) -> Result<Response, Problem> {
    let permit = house.stream_permit()?;
    let history = house.views.history();
    let head = history.head();
    // What comes later is not part of the answer, or an ascending one might never end.
    let end = Position(head.0.saturating_add(1));
    query.before = Some(query.before.map_or(end, |before| before.min(end)));
    let left = limit.unwrap_or(usize::MAX);
    let pages = stream::try_unfold(Some((query, left, permit)), move |state| {
        let history = history.clone();
        async move {
            let Some((mut query, left, permit)) = state.filter(|(_, left, _)| *left > 0) else {
                return Ok(None);
            };
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
                (query, left, permit)
            });
            Ok::<_, eventlog::ReadError>(Some((Bytes::from(lines), next)))
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
