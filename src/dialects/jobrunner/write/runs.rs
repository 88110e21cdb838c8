//! Runs: users request them, and workers report on them.

use axum::response::Response;
use commands::runs::{self, Plan};
use domain::jobs::run::Patched;
use jiff::Timestamp;

use crate::fields::{Fields, not_null, required};
use crate::read::{Jobs, Runs, Workers, seen};
use crate::refusal::{Refusal, Reply};
use crate::resource::Resource;
use crate::visit::Visit;
use crate::write::{check_project_of, children_of, fields, refuse, related};

pub(super) async fn create(visit: &Visit<'_>) -> Reply<Response> {
    let fields = fields(visit)?;
    let reply = read(visit, &fields)?;
    let job = required("job", fields.relation("job", Resource::Job)?)?;
    let schedule_at = required("schedule_dts", fields.date("schedule_dts", visit.zone())?)?;
    check(visit, &reply)?;
    let by = visit.caller.speaker();
    let plan = Plan {
        job,
        schedule_at,
        schedule_id: reply.schedule_id,
        worker: reply.worker,
        is_manual: reply.is_manual.unwrap_or(false),
        schedule_children: reply.schedule_children.unwrap_or(true),
    };
    // Fields that only workers report count as if they were sent right afterwards.
    let rest = Patched {
        job: None,
        schedule_id: None,
        schedule_at: None,
        worker: None,
        is_manual: None,
        schedule_children: None,
        ..reply
    };
    let (plan, rest, children_of) = (&plan, &rest, &children_of(visit)?);
    let number = visit.transact(refuse, |unit| async move {
        let number = runs::schedule(&unit, plan).await?;
        let at = unit.now();
        let patch = Patched { at, ..rest.clone() };
        runs::change(&unit, number, by, patch, children_of).await?;
        Ok(number)
    });
    let number = number.await?;
    Ok(visit.created(&Resource::Run.uri(number)))
}

pub(super) async fn change(visit: &Visit<'_>, number: Option<u64>) -> Reply<()> {
    let number = seen::<Runs>(visit, number).await?;
    let reply = read(visit, &fields(visit)?)?;
    let row = Runs::row(visit, number).await?;
    check_project_of(visit, row.job)?;
    check(visit, &reply)?;
    let by = visit.caller.speaker();
    let (reply, children_of) = (&reply, &children_of(visit)?);
    let changed = visit.transact(refuse, |unit| async move {
        let at = unit.now();
        let patch = Patched {
            at,
            ..reply.clone()
        };
        runs::change(&unit, number, by, patch, children_of).await
    });
    changed.await
}

/// The change of a run. Old clients cannot remove a worker: an empty one is ignored.
fn read(visit: &Visit<'_>, fields: &Fields) -> Reply<Patched> {
    let date = |name| fields.date(name, visit.zone());
    let at: Timestamp = visit.app.commands.clock().now();
    Ok(Patched {
        job: not_null("job", fields.relation("job", Resource::Job)?)?,
        schedule_id: fields.number::<u64>("schedule_id")?.flatten(),
        schedule_at: not_null("schedule_dts", date("schedule_dts")?)?,
        worker: fields.relation("worker", Resource::Worker)?.flatten(),
        enqueued_at: date("enqueue_dts")?,
        started_at: date("start_dts")?,
        returned_at: date("return_dts")?,
        success: fields.boolean("return_success")?,
        pid: not_negative(fields.number("pid")?)?,
        is_manual: not_null("is_manual", fields.boolean("is_manual")?)?,
        schedule_children: not_null("schedule_children", fields.boolean("schedule_children")?)?,
        at,
    })
}

fn not_negative(pid: Option<Option<i64>>) -> Reply<Option<Option<i64>>> {
    match pid {
        Some(Some(pid)) if pid < 0 => Err(Refusal::about("pid", "must not be negative")),
        pid => Ok(pid),
    }
}

/// Checks what a run is to be connected with.
fn check(visit: &Visit<'_>, reply: &Patched) -> Reply<()> {
    if let Some(job) = reply.job {
        related::<Jobs>(visit, "job", job)?;
        check_project_of(visit, job)?;
    }
    if let Some(worker) = reply.worker {
        related::<Workers>(visit, "worker", worker)?;
    }
    Ok(())
}
