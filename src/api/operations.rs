//! Long work: how far is it?

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use domain::token::Role;
use futures::{Stream, StreamExt, stream};
use http::HeaderMap;
use tokio::sync::watch;
use uuid::Uuid;
use web::{Caller, House, OperationState, OperationStatus, Path, Problem};

use crate::asked::{self, Form};
use crate::sse::keep_alive;

/// The scope of everything here.
const SCOPE: &str = "operations:read";

/// Which long work is known, the newest first?
#[utoipa::path(get, path = "/v1/operations", tag = "operations",
    responses((status = 200, body = Vec<OperationState>)))]
pub(crate) async fn list(
    State(house): State<House>,
    caller: Caller,
) -> Result<axum::Json<Vec<OperationState>>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    Ok(axum::Json(house.operations.list()))
}

/// How far is this work?
///
/// With `Accept: text/event-stream` the answer goes on until the work is over.
#[utoipa::path(get, path = "/v1/operations/{id}", tag = "operations",
    params(("id" = Uuid, Path, description = "The operation's id")),
    responses((status = 200, body = OperationState)))]
pub(crate) async fn get(
    State(house): State<House>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let state = house.operations.watch(id);
    let state = state.ok_or_else(|| Problem::not_found(format!("no operation {id} is known")))?;
    if asked::form(&headers) == Form::Live {
        return follow(&house, state).map(IntoResponse::into_response);
    }
    let now = state.borrow().clone();
    Ok(axum::Json(now).into_response())
}

fn follow(
    house: &House,
    mut state: watch::Receiver<OperationState>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Problem> {
    let permit = house.stream_permit()?;
    state.mark_changed();
    let states = stream::unfold((Some(state), permit), |(state, permit)| async {
        let mut state = state?;
        state.changed().await.ok()?;
        let now = state.borrow_and_update().clone();
        let event = Event::default()
            .event("operation")
            .data(serde_json::to_string(&now).unwrap_or_default());
        let more = (now.status == OperationStatus::Running).then_some(state);
        Some((Ok(event), (more, permit)))
    });
    Ok(Sse::new(states.take_until(house.closed())).keep_alive(keep_alive()))
}
