//! Long-running operations and their progress.

use axum::extract::State;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use domain::core::token::Role;
use futures::stream;
use http::HeaderMap;
use tokio::sync::watch;
use uuid::Uuid;
use web::{App, Caller, OperationState, OperationStatus, Path, Problem};

use crate::parameters::{self, Form};
use crate::sse::live;

/// The scope of everything here.
const SCOPE: &str = "operations:read";

/// List operations, newest first.
#[utoipa::path(get, path = "/v1/operations", tag = "operations",
    responses((status = 200, body = Vec<OperationState>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<axum::Json<Vec<OperationState>>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    Ok(axum::Json(app.operations.list()))
}

/// Get the progress of an operation.
///
/// With `Accept: text/event-stream` progress is streamed until the operation ends.
#[utoipa::path(get, path = "/v1/operations/{id}", tag = "operations",
    params(("id" = Uuid, Path, description = "The operation's id")),
    responses((status = 200, body = OperationState)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let state = app.operations.watch(id);
    let state = state.ok_or_else(|| Problem::not_found(format!("operation {id} not found")))?;
    if parameters::form(&headers) == Form::Live {
        return follow(&app, &caller, state);
    }
    let now = state.borrow().clone();
    Ok(axum::Json(now).into_response())
}

fn follow(
    app: &App,
    caller: &Caller,
    mut state: watch::Receiver<OperationState>,
) -> Result<Response, Problem> {
    state.mark_changed();
    let states = stream::unfold(Some(state), |state| async {
        let mut state = state?;
        state.changed().await.ok()?;
        let now = state.borrow_and_update().clone();
        let event = Event::default()
            .event("operation")
            .data(serde_json::to_string(&now).unwrap_or_default());
        let more = (now.status == OperationStatus::Running).then_some(state);
        Some((event, more))
    });
    let lapse = caller.lapse(app, Role::Reader, SCOPE);
    live(app, caller, lapse, states)
}
