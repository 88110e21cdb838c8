//! Reports about a run.

use domain::LongText;
use domain::jobs::job::Job;
use domain::jobs::run::{Caller, GivenUp, OccasionCommand, Patched, Run, RunCommand, RunEvent};
use domain::jobs::run_log::RunLog;
use jiff::Timestamp;

use super::rejection::whole;
use super::returned::{self, ChildrenOf, End};
use super::{RunsRejection, occasion, write_log};
use crate::{BoxFuture, CommandError, Transaction};

/// Records a report about a run, and all its consequences. The same again adds
/// nothing.
///
/// # Errors
/// When the run rejects it, its new job does not exist, or its occasion belongs to another job; and
/// as [`Transaction::execute`].
pub fn change<'a>(
    unit: &'a Transaction,
    run: u64,
    by: Caller,
    patch: Patched,
    children_of: ChildrenOf<'a>,
) -> BoxFuture<'a, Result<(), CommandError<RunsRejection>>> {
    Box::pin(async move {
        if let (Some(job), Caller::Trusted) = (patch.job, by) {
            let known = unit.load::<Job>(&job.to_string()).await.map_err(whole)?;
            if known.facts().is_none() {
                return Err(CommandError::Rejected(RunsRejection::UnknownJob { job }));
            }
        }
        // Workers cannot change the job and the occasion of a run.
        if by == Caller::Trusted {
            occasion::check_change(unit, run, &patch).await?;
        }
        let at = patch.at;
        tell(unit, run, RunCommand::Patch { by, patch }, at, children_of).await
    })
}

/// Ends a run because its worker is silent. One that is over stays as it is.
///
/// # Errors
/// When there is no such run, and as [`Transaction::execute`].
pub fn give_up<'a>(
    unit: &'a Transaction,
    run: u64,
    reason: String,
    children_of: ChildrenOf<'a>,
) -> BoxFuture<'a, Result<(), CommandError<RunsRejection>>> {
    Box::pin(async move {
        let at = unit.now();
        let command = RunCommand::GiveUp(GivenUp { reason, at });
        tell(unit, run, command, at, children_of).await
    })
}

/// Ends a run because a person does not expect it to return any more, and returns whether it was
/// open. Its output is kept; where there is none, a log with the reason is written, so that a
/// reader of the failure mail finds it.
///
/// # Errors
/// When there is no such run, or no worker has it; and as [`Transaction::execute`].
pub fn end<'a>(
    unit: &'a Transaction,
    run: u64,
    reason: Option<String>,
    children_of: ChildrenOf<'a>,
) -> BoxFuture<'a, Result<bool, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let key = run.to_string();
        let known = unit.load::<Run>(&key).await.map_err(whole)?;
        let is_open = known
            .facts()
            .is_some_and(|facts| facts.returned_at.is_none());
        let printed = unit.load::<RunLog>(&key).await.map_err(whole)?;
        if is_open && printed.number().is_none() {
            let because = reason.as_ref().map(|reason| format!(": {reason}"));
            let text = format!(
                "Run {run} was ended by hand{}.\n",
                because.unwrap_or_default()
            );
            write_log(unit, run, Some(LongText::Inline(text))).await?;
        }
        let at = unit.now();
        let reason = reason.unwrap_or_else(|| "ended by hand".to_owned());
        let command = RunCommand::End(GivenUp { reason, at });
        tell(unit, run, command, at, children_of).await?;
        Ok(is_open)
    })
}

async fn tell(
    unit: &Transaction,
    run: u64,
    command: RunCommand,
    at: Timestamp,
    children_of: ChildrenOf<'_>,
) -> Result<(), CommandError<RunsRejection>> {
    let key = run.to_string();
    let by_hand = matches!(command, RunCommand::End(_));
    let events = unit.execute::<Run>(&key, command).await.map_err(whole)?;
    if !events.iter().any(concerns_others) {
        return Ok(());
    }
    let known = unit.load::<Run>(&key).await.map_err(whole)?;
    let Some(facts) = known.facts().copied() else {
        return Ok(());
    };
    // A change of the occasion comes first: a run returns in the occasion that it belongs to by
    // now.
    for event in &events {
        if let RunEvent::Patched(data) = event
            && data.schedule_id.is_some()
        {
            occasion::join(unit, facts.schedule_id, run, at).await?;
        }
    }
    for event in &events {
        if let Some(success) = event.outcome() {
            let end = End { success, by_hand };
            returned::take(unit, run, &facts, end, at, children_of).await?;
        }
        if let RunEvent::Reopened(_) = event {
            let reopen = OccasionCommand::Reopen { run, at };
            occasion::ask(unit, facts.schedule_id, reopen).await?;
        }
    }
    Ok(())
}

fn concerns_others(event: &RunEvent) -> bool {
    match event {
        RunEvent::Patched(data) => data.schedule_id.is_some(),
        RunEvent::Reopened(_) => true,
        _ => event.outcome().is_some(),
    }
}
