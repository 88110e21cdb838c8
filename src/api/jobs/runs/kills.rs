//! Kill requests of a run, with who made them and why.

use ::projections::engine::history::AsOf;
use ::projections::jobs::runs::KillRequestRow;
use ::projections::{KillRequestView, Runs};
use axum::extract::State;
use domain::Metadata;
use domain::core::token::Role;
use eventlog::{Revision, StreamName};
use serde::Serialize;
use utoipa::ToSchema;
use web::{App, Caller, Path, Problem, Query, View, paging};

use super::{READ, unknown};
use crate::jobs::wire::KillRequest;
use crate::parameters;
use crate::parameters::AsOfParams;

/// The kill requests of a run, first to last; at most 1000.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct KillRequests {
    /// The kill requests, by number.
    items: Vec<KillRequest>,
}

/// List the kill requests of a run, now or as of a moment.
#[utoipa::path(get, path = "/v1/runs/{run}/kill-requests", tag = "runs",
    params(("run" = u64, Path, description = "The run's number"), AsOfParams),
    responses((status = 200, body = KillRequests)))]
pub(crate) async fn kill_requests(
    State(app): State<App>,
    caller: Caller,
    Path(run): Path<u64>,
    Query(params): Query<AsOfParams>,
) -> Result<View<KillRequests>, Problem> {
    caller.may(Role::Reader, READ)?;
    let position = app.views.position();
    let moment = params.moment(&app)?;
    let is_known = match moment {
        None => app
            .views
            .ask(move |views| views.of::<Runs>()?.get(run))
            .await?
            .is_some(),
        Some(moment) => {
            let past = app.views.history().row_as_of::<Runs>(&run, moment).await;
            past.map_err(parameters::past)?.is_some()
        }
    };
    if !is_known {
        return Err(unknown(run));
    }
    let rows = rows(&app, run, moment).await?;
    let mut items = Vec::new();
    for row in rows.iter().take(paging::PAGE_MAX) {
        items.push(with_reason(&app, row).await?);
    }
    let body = KillRequests { items };
    Ok(View { position, body })
}

/// The kill requests of a run, now or then. One that was moved to another run since is found there.
pub(super) async fn rows(
    app: &App,
    run: u64,
    moment: Option<AsOf>,
) -> Result<Vec<KillRequestRow>, Problem> {
    let rows = app
        .views
        .ask(move |views| views.of::<Runs>()?.kill_requests_of_run(run));
    let rows = rows.await?;
    let Some(moment) = moment else {
        return Ok(rows);
    };
    let history = app.views.history();
    let mut past = Vec::new();
    for row in rows {
        let then = history
            .row_as_of::<KillRequestView>(&row.number, moment)
            .await;
        let then = then.map_err(parameters::past)?;
        past.extend(then.filter(|then| then.run == run));
    }
    Ok(past)
}

/// A kill request with who made it and why, from the metadata of its first event.
pub(super) async fn with_reason(app: &App, row: &KillRequestRow) -> Result<KillRequest, Problem> {
    let stream = StreamName::new("kill_request", &row.number.to_string());
    let stream = stream.map_err(|error| Problem::internal(error.to_string()))?;
    let history = app.views.history();
    let first = history.stream(&stream, Revision::FIRST, 1).await?;
    let metadata: Metadata = first
        .first()
        .and_then(|first| serde_json::from_slice(&first.metadata).ok())
        .unwrap_or_default();
    Ok(KillRequest::of(row, metadata))
}
