//! What an operator does about a run that does not end by itself.

use ::projections::jobs::runs::KillRequestRow;
use ::projections::{RosterView, Runs};
use axum::extract::State;
use commands::runs::{self, RunsRejection};
use commands::{CommandError, Outcome, Transaction};
use domain::core::token::Role;
use domain::jobs::run::RunRejection;
use serde::Serialize;
use utoipa::ToSchema;
use web::{App, Caller, Path, Problem, Unread, View};

use super::{kills, shown, unknown};
use crate::builds::Reason;
use crate::wire::{KillRequest, Run};

/// The scope of changing something here.
const WRITE: &str = "runs:write";

/// What came of ending a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Ended {
    /// How the run stands now.
    run: Run,
    /// Whether it was ended; not when it was over already.
    ended: bool,
}

/// Expect this run to return no more: it counts as failed, and its job goes on.
///
/// Nothing is killed: what its worker still executes goes on as well. What the worker says of the end later is
/// taken down, and has no consequences. A run that no worker has claimed is refused with 409.
#[utoipa::path(post, path = "/v1/runs/{run}/end", tag = "runs",
    params(("run" = u64, Path, description = "The number of a run")),
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
    let done = app.commands.transact(&metadata, work).await;
    let (ended, outcome) = done.map_err(|error| refuse(run, error))?;
    wait_for(&app, &outcome).await?;
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

/// What came of asking for a run to be killed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Killing {
    /// The wish, as it stands now.
    kill_request: KillRequest,
    /// Whether it was made now; not when one is on its way already.
    requested: bool,
}

/// Kill this run: its worker is told to, until it has taken note.
///
/// The run returns by itself when its process is dead. One that no worker has, and one that is over, is refused with
/// 409.
#[utoipa::path(post, path = "/v1/runs/{run}/kill", tag = "runs",
    params(("run" = u64, Path, description = "The number of a run")),
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
    // Whoever asks twice because an answer was lost finds what was asked for the first time.
    app.wait_for(app.commands.head()).await?;
    let pending = app.views.ask(move |views| {
        let requests = views.of::<Runs>()?.kill_requests_of_run(run)?;
        // That a run takes too long is no person's wish: such a one is tried again.
        let is_a_wish = |row: &KillRequestRow| row.is_pending() && row.reason.is_none();
        let mut pending = requests.into_iter().filter(is_a_wish);
        Ok::<_, ::projections::TableError>(pending.next())
    });
    let pending = pending.await?;
    let requested = pending.is_none();
    let row = match pending {
        Some(row) => Some(row),
        None => {
            let work = |unit: Transaction| async move { runs::kill(&unit, run).await };
            let done = app.commands.transact(&metadata, work).await;
            let (number, outcome) = done.map_err(|error| refuse(run, error))?;
            wait_for(&app, &outcome).await?;
            let row = app
                .views
                .ask(move |views| views.of::<Runs>()?.kill_request(number));
            row.await?
        }
    };
    let row = row.ok_or_else(|| Problem::internal("a wish is lost"))?;
    let position = app.views.position();
    let kill_request = kills::with_reason(&app, &row).await?;
    let body = Killing {
        kill_request,
        requested,
    };
    Ok(View { position, body })
}

/// Which jobs come after a job.
fn children_of(app: &App) -> Result<impl Fn(u64) -> Vec<u64> + Send + Sync + use<>, Problem> {
    let roster = app.views.of::<RosterView>()?;
    Ok(move |job| {
        roster.read(|roster| {
            let job = roster.job(job);
            job.map_or_else(Vec::new, |job| job.children.iter().copied().collect())
        })
    })
}

/// Also what follows from nothing is waited for: the first answer to the same may have been lost.
async fn wait_for(app: &App, outcome: &Outcome) -> Result<(), Problem> {
    let head = || app.commands.head();
    app.wait_for(outcome.position().unwrap_or_else(head)).await
}

fn refuse(run: u64, error: CommandError<RunsRejection>) -> Problem {
    use RunsRejection::Run as No;

    match error {
        CommandError::Rejected(No(RunRejection::Unknown | RunRejection::Gone)) => unknown(run),
        error => error.into(),
    }
}
