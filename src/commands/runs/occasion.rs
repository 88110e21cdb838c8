//! Runs that are added by hand to the occasion of another.

use domain::jobs::run::{Occasion, OccasionCommand, Patched, Run};
use jiff::Timestamp;

use super::RunsRejection;
use super::rejection::whole;
use crate::{CommandError, Transaction};

/// Checks that an occasion exists and is one of this job. It is named after its first run, which
/// may have been spread.
pub(super) async fn check(
    unit: &Transaction,
    schedule_id: u64,
    job: u64,
) -> Result<(), CommandError<RunsRejection>> {
    let first = unit.load::<Run>(&schedule_id.to_string()).await;
    if first.map_err(whole)?.job() == Some(job) {
        return Ok(());
    }
    let rejection = RunsRejection::OtherOccasion { schedule_id, job };
    Err(CommandError::Rejected(rejection))
}

/// Checks that a run that is to be of another job, or of another occasion, is of an occasion of its
/// job then. What stays as it is needs no check.
pub(super) async fn check_change(
    unit: &Transaction,
    run: u64,
    patch: &Patched,
) -> Result<(), CommandError<RunsRejection>> {
    let known = unit.load::<Run>(&run.to_string()).await.map_err(whole)?;
    let Some(facts) = known.facts() else {
        return Ok(());
    };
    let job = patch.job.unwrap_or(facts.job);
    let schedule_id = patch.schedule_id.unwrap_or(facts.schedule_id);
    if (job, schedule_id) == (facts.job, facts.schedule_id) {
        return Ok(());
    }
    if schedule_id != run {
        return check(unit, schedule_id, job).await;
    }
    // The occasion is the run's own and goes with it to the other job, unless runs of its job are
    // in it as well.
    let key = Occasion::key(run);
    let others = unit.load::<Occasion>(&key).await.map_err(whole)?;
    if job != facts.job && others.has_others_than(run) {
        let rejection = RunsRejection::OtherOccasion { schedule_id, job };
        return Err(CommandError::Rejected(rejection));
    }
    Ok(())
}

/// Has an occasion count on a run that is not over. On the run after which it is named as well:
/// alone it was not counted on, and would not be waited for.
pub(super) async fn join(
    unit: &Transaction,
    schedule_id: u64,
    run: u64,
    at: Timestamp,
) -> Result<(), CommandError<RunsRejection>> {
    for run in [schedule_id, run] {
        let known = unit.load::<Run>(&run.to_string()).await.map_err(whole)?;
        let counts = known
            .facts()
            .is_some_and(|facts| facts.schedule_id == schedule_id && facts.returned_at.is_none());
        if counts {
            ask(unit, schedule_id, OccasionCommand::Add { run, at }).await?;
        }
    }
    Ok(())
}

pub(super) async fn ask(
    unit: &Transaction,
    schedule_id: u64,
    command: OccasionCommand,
) -> Result<Vec<domain::jobs::run::RunEvent>, CommandError<RunsRejection>> {
    let key = Occasion::key(schedule_id);
    unit.execute::<Occasion>(&key, command).await.map_err(whole)
}
