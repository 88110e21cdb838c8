//! Ends or kills a run that does not end by itself.

use ::projections::jobs::runs::KillRequestRow;
use ::projections::{RosterView, Runs};
use axum::extract::State;
use commands::runs::{self, RunsRejection};
use commands::{CommandError, Transaction};
use domain::core::token::Role;
use domain::jobs::run::RunRejection;
use serde::Serialize;
use utoipa::ToSchema;
use web::{App, Caller, Path, Problem, Unread, View};

use super::{kills, shown, unknown};
use crate::jobs::wire::{KillRequest, Run};
use crate::parameters::Reason;

/// The scope of changing runs.
const WRITE: &str = "runs:write";

/// Result of ending a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Ended {
    /// The run as it is now.
    run: Run,
    /// Whether it was ended; false if it had already ended.
    ended: bool,
}

/// End a run by hand: it counts as failed, and its job continues.
///
/// Nothing is killed: a process that the worker still executes keeps running. A later report of the
/// worker about its end is recorded, without consequences. 409 if no worker has claimed the run.
#[utoipa::path(post, path = "/v1/runs/{run}/end", tag = "runs",
    params(("run" = u64, Path, description = "The run's number")),
    request_body = Option<Reason>,
    responses((status = 200, body = Ended)))]
pub(crate) async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(run): Path<u64>,
    unread: Unread,
) -> Result<View<Ended>, Problem> {
    caller.may(Role::Operator, WRITE)?;
    let reason: Reason = unread.json_or_default(&app).await?;
    let metadata = reason.metadata_of(&caller)?;
    let (reason, children_of) = (&metadata.reason, &children_of(&app)?);
    let work =
        |unit: Transaction| async move { runs::end(&unit, run, reason.clone(), children_of).await };
    let ended = app
        .transact(&metadata, |error| refuse(run, error), work)
        .await?;
    let position = app.views.position();
    let row = app
        .views
        .ask(move |views| views.of::<Runs>()?.get(run))
        .await?;
    let row = row.ok_or_else(|| unknown(run))?;
    let run = shown(&app, &row)?;
    let body = Ended { run, ended };
    Ok(View { position, body })
}

/// Result of requesting a kill.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Killing {
    /// The kill request as it is now.
    kill_request: KillRequest,
    /// Whether it was made now; false if one is already pending.
    requested: bool,
}

/// Kill a run: the request is sent to its worker until the worker acknowledges it.
///
/// The worker reports the end of the run once its process is dead. 409 if no worker has the run or
/// it has ended.
#[utoipa::path(post, path = "/v1/runs/{run}/kill", tag = "runs",
    params(("run" = u64, Path, description = "The run's number")),
    request_body = Option<Reason>,
    responses((status = 200, body = Killing)))]
pub(crate) async fn kill(
    State(app): State<App>,
    caller: Caller,
    Path(run): Path<u64>,
    unread: Unread,
) -> Result<View<Killing>, Problem> {
    caller.may(Role::Operator, WRITE)?;
    let reason: Reason = unread.json_or_default(&app).await?;
    let metadata = reason.metadata_of(&caller)?;
    // A client that repeats a request after a lost answer finds the first request.
    app.wait_for(app.commands.head()).await?;
    let pending = app.views.ask(move |views| {
        let requests = views.of::<Runs>()?.kill_requests_of_run(run)?;
        // A request because of a timeout was not made by hand, and does not count.
        let is_by_hand = |row: &KillRequestRow| row.is_pending() && row.reason.is_none();
        let mut pending = requests.into_iter().filter(is_by_hand);
        Ok::<_, ::projections::TableError>(pending.next())
    });
    let pending = pending.await?;
    let requested = pending.is_none();
    let row = match pending {
        Some(row) => Some(row),
        None => {
            let work = |unit: Transaction| async move { runs::kill(&unit, run).await };
            let number = app
                .transact(&metadata, |error| refuse(run, error), work)
                .await?;
            let row = app
                .views
                .ask(move |views| views.of::<Runs>()?.kill_request(number));
            row.await?
        }
    };
    let row = row.ok_or_else(|| Problem::internal("the kill request is missing from the view"))?;
    let position = app.views.position();
    let kill_request = kills::with_reason(&app, &row).await?;
    let body = Killing {
        kill_request,
        requested,
    };
    Ok(View { position, body })
}

/// The jobs that run after a job.
fn children_of(app: &App) -> Result<impl Fn(u64) -> Vec<u64> + Send + Sync + use<>, Problem> {
    let roster = app.views.of::<RosterView>()?;
    Ok(move |job| {
        roster.read(|roster| {
            let job = roster.job(job);
            job.map_or_else(Vec::new, |job| job.children.iter().copied().collect())
        })
    })
}

fn refuse(run: u64, error: CommandError<RunsRejection>) -> Problem {
    use RunsRejection::Run as No;

    match error {
        CommandError::Rejected(No(RunRejection::Unknown | RunRejection::Gone)) => unknown(run),
        error => error.into(),
    }
}
