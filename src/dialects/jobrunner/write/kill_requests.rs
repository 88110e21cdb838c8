//! Kill requests: a user requests the kill of a run, and its worker reports on it.

use axum::response::Response;
use commands::runs;
use domain::jobs::kill_request::{KillRequest, KillRequestCommand, Patched};

use crate::fields::{not_null, required};
use crate::read::{KillRequests, Runs, Shown, seen};
use crate::refusal::Reply;
use crate::resource::Resource;
use crate::visit::Visit;
use crate::write::{check_project_of, fields, reached, refuse};

pub(super) async fn create(visit: &Visit<'_>) -> Reply<Response> {
    let fields = fields(visit)?;
    let run = required("run", fields.relation("run", Resource::Run)?)?;
    check_run(visit, run).await?;
    let number = visit.transact(refuse, |unit| async move {
        runs::request_kill(&unit, run).await
    });
    Ok(visit.created(&Resource::KillRequest.uri(number.await?)))
}

pub(super) async fn change(visit: &Visit<'_>, number: Option<u64>) -> Reply<()> {
    let number = seen::<KillRequests>(visit, number).await?;
    let fields = fields(visit)?;
    let date = |name| fields.date(name, visit.zone());
    let reply = Patched {
        run: not_null("run", fields.relation("run", Resource::Run)?)?,
        schedule_at: not_null("schedule_dts", date("schedule_dts")?)?,
        enqueued_at: date("enqueue_dts")?,
        executed_at: date("execute_dts")?,
        at: visit.app.commands.clock().now(),
    };
    check_run(visit, KillRequests::row(visit, number).await?.run).await?;
    if let Some(run) = reply.run {
        check_run(visit, run).await?;
    }
    let (by, reply, key) = (visit.caller.speaker(), &reply, &number.to_string());
    let changed = visit.transact(Into::into, |unit| async move {
        let at = unit.now();
        let patch = Patched {
            at,
            ..reply.clone()
        };
        let command = KillRequestCommand::Patch { by, patch };
        unit.execute::<KillRequest>(key, command).await
    });
    changed.await.map(|_| ())
}

/// Checks that a run exists, and that the caller sees it and may change it.
pub(super) async fn check_run(visit: &Visit<'_>, run: u64) -> Reply<()> {
    reached("run", Runs::standing(visit, run).await?)?;
    let row = Runs::row(visit, run).await?;
    check_project_of(visit, row.job)
}
