//! The views: their progress, and rebuilding one.

use ::projections::{ProjectionState, ProjectionStatus, RebuildError, RebuildHandle};
use axum::extract::State;
use domain::core::audit::{AuditCommand, OperationStarted};
use domain::core::token::Role;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use web::{App, Caller, OperationHandle, OperationState, Path, Problem, Unread, View};

use crate::parameters::Reason;

/// Progress of one view.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Projection {
    /// Its name.
    pub name: String,
    /// The version of its fold.
    pub version: u32,
    /// `live`, `catching_up`, `rebuilding` or `broken`.
    pub state: &'static str,
    /// The last position that its answers include.
    pub position: u64,
    /// How far the log is ahead, in positions.
    pub lag_events: u64,
    /// How long ago the last folded event was recorded, in seconds; 0 at the head.
    pub lag_seconds: f64,
    /// Positions per second.
    pub rate: f64,
    /// The position that the new rows have reached, during a rebuild.
    pub rebuilt_to: Option<u64>,
    /// How many events it skipped because this version cannot read them.
    pub faults: u64,
    /// The last skipped event.
    pub last_fault: Option<String>,
    /// Why its table cannot be used, if so.
    pub error: Option<String>,
}

impl Projection {
    fn of(status: ProjectionStatus) -> Self {
        let (state, rebuilt_to) = match status.state {
            ProjectionState::Live => ("live", None),
            ProjectionState::CatchingUp => ("catching_up", None),
            ProjectionState::Rebuilding { position, .. } => ("rebuilding", Some(position.0)),
            ProjectionState::Broken => ("broken", None),
        };
        Self {
            name: status.name.to_owned(),
            version: status.version,
            state,
            position: status.position.0,
            lag_events: status.lag_events,
            lag_seconds: status.lag_seconds,
            rate: status.rate,
            rebuilt_to,
            faults: status.faults,
            last_fault: status
                .last_fault
                .map(|fault| format!("{} at {}", fault.reason, fault.position)),
            error: status.error,
        }
    }
}

/// The reason why a view cannot answer, if so.
pub(crate) fn not_live(status: &ProjectionStatus) -> Option<String> {
    if let Some(error) = &status.error {
        return Some(error.clone());
    }
    match status.state {
        ProjectionState::Live | ProjectionState::Rebuilding { answers: true, .. } => None,
        ProjectionState::Rebuilding {
            position, target, ..
        } => Some(format!(
            "rebuilding: at position {position} of {target}; it answers when it is done"
        )),
        ProjectionState::CatchingUp => Some(format!("{} events behind", status.lag_events)),
        ProjectionState::Broken => Some("its table cannot be used".to_owned()),
    }
}

/// List the views and their progress.
#[utoipa::path(get, path = "/v1/projections", tag = "operations",
    responses((status = 200, body = Vec<Projection>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<View<Vec<Projection>>, Problem> {
    caller.may(Role::Reader, "projections:read")?;
    let position = app.views.position();
    let body = app
        .views
        .statuses()
        .into_iter()
        .map(Projection::of)
        .collect();
    Ok(View { position, body })
}

/// Rebuild a view from the whole log; the old rows answer meanwhile.
#[utoipa::path(post, path = "/v1/projections/{name}/rebuild", tag = "operations",
    params(("name" = String, Path, description = "The name of the view")),
    request_body = Option<Reason>,
    responses((status = 202, description = "The rebuild has started", body = OperationState)))]
pub(crate) async fn rebuild(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    unread: Unread,
) -> Result<(StatusCode, axum::Json<OperationState>), Problem> {
    caller.may(Role::Operator, "projections:write")?;
    let reason: Reason = unread.json_or_default(&app).await?;
    let metadata = reason.metadata_of(&caller)?;
    if !app
        .views
        .statuses()
        .iter()
        .any(|status| status.name == name)
    {
        return Err(Problem::not_found(format!("view `{name}` not found")));
    }
    let at = app.commands.clock().now();
    let operation = app.operations.start("rebuild", &name, at).ok_or_else(|| {
        Problem::unavailable("too many operations are running; try again when one has ended")
            .retry_after(30)
    })?;
    let handle = app.views.rebuild(&name).map_err(|error| match error {
        RebuildError::Unknown(_) => Problem::not_found(error.to_string()),
        RebuildError::Thread(_) | RebuildError::Shutdown => {
            tracing::warn!(%error, "cannot start a rebuild: {error}");
            Problem::unavailable("cannot start a rebuild at present").retry_after(30)
        }
    })?;
    let state = operation.state();
    let command = AuditCommand::StartOperation(OperationStarted {
        operation: state.id.to_string(),
        kind: state.kind.clone(),
        subject: name,
        at,
    });
    app.auditor.write(command, &metadata).await;
    tokio::spawn(follow(app, operation, handle));
    Ok((StatusCode::ACCEPTED, axum::Json(state)))
}

/// Reports the progress of a rebuild in its operation.
async fn follow(app: App, operation: OperationHandle, mut handle: RebuildHandle) {
    loop {
        let now = handle.progress.borrow_and_update().clone();
        operation.progress(now.position.0, Some(now.target.0));
        if now.done || handle.progress.changed().await.is_err() {
            break;
        }
    }
    let ended = handle.finished().await;
    let at = app.commands.clock().now();
    match ended.error {
        None if ended.done => {
            operation.succeed(format!("rebuilt up to position {}", ended.position), at);
        }
        None => operation.fail("the rebuild was cancelled", at),
        Some(reason) => {
            tracing::warn!(reason, "rebuild failed: {reason}");
            operation.fail("rebuild failed; the old rows still answer", at);
        }
    }
}
