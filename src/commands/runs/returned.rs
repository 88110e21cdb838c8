//! A run is over.

use domain::jobs::job::{Created, Job, JobCommand, JobEvent, Suspension, Tally, TallyCommand};
use domain::jobs::run::{OccasionCommand, Origin, Run, RunEvent, RunFacts, Scheduled};
use domain::jobs::schedule::{Child, Ended, due_children};
use jiff::Timestamp;

use super::rejection::whole;
use super::{RUN, RunsRejection, occasion, retry, schedule};
use crate::{CommandError, Transaction, numbers};

/// Which jobs come after a job, as far as the caller knows. Whether they do is looked up again in
/// the unit.
pub type ChildrenOf<'a> = &'a (dyn Fn(u64) -> Vec<u64> + Send + Sync);

#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// The worker's report; none when it made none.
    pub(super) success: Option<bool>,
    /// Whether a person ended it, who can request another run. Its process may still run, and must
    /// not meet a second one.
    pub(super) by_hand: bool,
}

/// The consequences of a run's end. When its job retries, the only consequence is another attempt;
/// later reports about a retried run have none.
pub(super) async fn take(
    unit: &Transaction,
    run: u64,
    facts: &RunFacts,
    End { success, by_hand }: End,
    at: Timestamp,
    children_of: ChildrenOf<'_>,
) -> Result<(), CommandError<RunsRejection>> {
    let key = facts.job.to_string();
    let job = unit.load::<Job>(&key).await.map_err(whole)?;
    let job = job.facts();

    let known = unit.load::<Run>(&run.to_string()).await.map_err(whole)?;
    if known.is_retried() {
        return Ok(());
    }
    let attempt = known.attempt(success);
    let retries = job.map(Created::retries).filter(|_| !by_hand);
    if let Some(retries) = retries.filter(|retries| retries.follow(attempt)) {
        return retry::again(unit, (run, facts, &known), (attempt, retries), at).await;
    }
    count(unit, run, facts, success, job, at).await?;

    let data = OccasionCommand::Return { run, success, at };
    for event in occasion::ask(unit, facts.schedule_id, data).await? {
        let RunEvent::SiblingReturned(data) = event else {
            continue;
        };
        let ended = Ended {
            success,
            schedule_children: facts.schedule_children,
            open: data.open,
            sibling_failed: data.sibling_failed,
        };
        let on_error = job.is_some_and(|job| job.schedule_children_on_error);
        schedule_children(unit, run, facts.job, ended, on_error, at, children_of).await?;
    }
    Ok(())
}

/// Counts a run that is over; one failure too many ends the sending of its job's runs.
async fn count(
    unit: &Transaction,
    run: u64,
    facts: &RunFacts,
    success: Option<bool>,
    job: Option<&Created>,
    at: Timestamp,
) -> Result<(), CommandError<RunsRejection>> {
    let counting = TallyCommand::Count {
        run,
        schedule_id: facts.schedule_id,
        success,
        fails_max: job.and_then(|job| job.fails_max),
        at,
    };
    let key = Tally::key(facts.job);
    let counted = unit.execute::<Tally>(&key, counting).await;
    for event in counted.map_err(whole)? {
        if let JobEvent::RunCounted(counted) = event
            && counted.too_many
        {
            let fails = counted.fails;
            let because = Suspension::Failures { fails, run };
            let suspend = JobCommand::Suspend { because, at };
            let key = facts.job.to_string();
            unit.execute::<Job>(&key, suspend).await.map_err(whole)?;
        }
    }
    Ok(())
}

async fn schedule_children(
    unit: &Transaction,
    run: u64,
    parent: u64,
    ended: Ended,
    on_error: bool,
    at: Timestamp,
    children_of: ChildrenOf<'_>,
) -> Result<(), CommandError<RunsRejection>> {
    // Most runs have no children to speak of; their streams are read only when it matters.
    let any = |job| Child {
        job,
        enqueue_is_enabled: true,
    };
    let candidates: Vec<Child> = children_of(parent).into_iter().map(any).collect();
    let mut children = Vec::new();
    for job in due_children(ended, on_error, &candidates) {
        let key = job.to_string();
        let known = unit.load::<Job>(&key).await.map_err(whole)?;
        if let Some(facts) = known.facts().filter(|job| job.parent == Some(parent)) {
            children.push(Child {
                job,
                enqueue_is_enabled: facts.enqueue_is_enabled,
            });
        }
    }
    let due = due_children(ended, on_error, &children);
    let count = due.len() as u64;
    if count == 0 {
        return Ok(());
    }
    let first = numbers::take_many(unit, RUN, count).await.map_err(whole)?;
    for (number, job) in (first..).zip(due) {
        let child = Scheduled {
            number,
            job,
            schedule_id: number,
            schedule_at: at,
            worker: None,
            is_manual: false,
            schedule_children: true,
            origin: Origin::Child { run },
            at,
        };
        schedule::tell(unit, child).await?;
    }
    Ok(())
}
