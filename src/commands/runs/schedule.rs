//! A run is to be executed.

use domain::jobs::job::Job;
use domain::jobs::run::{Caller, Origin, Patched, Run, RunCommand, RunFacts, Scheduled};
use jiff::Timestamp;

use super::rejection::whole;
use super::{RUN, RunsRejection, occasion};
use crate::{BoxFuture, CommandError, Transaction, numbers};

/// The plan of a run that is to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The number of the job it executes.
    pub job: u64,
    pub schedule_at: Timestamp,
    /// The number of the occasion it belongs to, if it is not one of its own.
    pub schedule_id: Option<u64>,
    /// The number of the only worker that may execute it, if that is settled.
    pub worker: Option<u64>,
    /// Whether it was requested by hand.
    pub is_manual: bool,
    /// Whether the job's children run after it.
    pub schedule_children: bool,
}

/// Schedules a run that was requested by hand, and returns its number.
///
/// # Errors
/// When there is no such job, or it has no such occasion; and as [`Transaction::execute`].
pub fn schedule<'a>(
    unit: &'a Transaction,
    plan: &'a Plan,
) -> BoxFuture<'a, Result<u64, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let job = plan.job;
        let known = unit.load::<Job>(&job.to_string()).await.map_err(whole)?;
        if known.facts().is_none() {
            return Err(CommandError::Rejected(RunsRejection::UnknownJob { job }));
        }
        if let Some(schedule_id) = plan.schedule_id {
            occasion::check(unit, schedule_id, job).await?;
        }
        let number = numbers::take(unit, RUN).await.map_err(whole)?;
        let scheduled = Scheduled {
            number,
            job,
            schedule_id: plan.schedule_id.unwrap_or(number),
            schedule_at: plan.schedule_at,
            worker: plan.worker,
            is_manual: plan.is_manual,
            schedule_children: plan.schedule_children,
            origin: Origin::Asked,
            at: unit.now(),
        };
        let (schedule_id, at) = (scheduled.schedule_id, scheduled.at);
        tell(unit, scheduled).await?;
        if schedule_id != number {
            occasion::join(unit, schedule_id, number, at).await?;
        }
        Ok(number)
    })
}

/// Schedules a run that has its number already.
pub(super) async fn tell(
    unit: &Transaction,
    scheduled: Scheduled,
) -> Result<(), CommandError<RunsRejection>> {
    let key = scheduled.number.to_string();
    let scheduled = RunCommand::Schedule(scheduled);
    unit.execute::<Run>(&key, scheduled).await.map_err(whole)?;
    Ok(())
}

/// Schedules a run for another time that waits for this one, and returns whether it did: a worker
/// may have claimed or changed it meanwhile.
///
/// # Errors
/// As [`Transaction::execute`].
pub fn reschedule(
    unit: &Transaction,
    run: u64,
    before: Timestamp,
    schedule_at: Timestamp,
) -> BoxFuture<'_, Result<bool, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let key = run.to_string();
        let known = unit.load::<Run>(&key).await.map_err(whole)?;
        let waits = |facts: &RunFacts| facts.enqueued_at.is_none() && facts.schedule_at == before;
        if !known.facts().is_some_and(waits) {
            return Ok(false);
        }
        let patch = RunCommand::Patch {
            by: Caller::Trusted,
            patch: Patched {
                schedule_at: Some(schedule_at),
                ..Patched::nothing(unit.now())
            },
        };
        let events = unit.execute::<Run>(&key, patch).await.map_err(whole)?;
        Ok(!events.is_empty())
    })
}
