//! A run that each worker of a pool executes.

use domain::jobs::run::{
    OccasionCommand, Origin, Run, RunCommand, RunRejection, Scheduled, Share, Spread,
};

use super::rejection::whole;
use super::{RUN, RunsRejection, occasion, schedule};
use crate::{BoxFuture, CommandError, Transaction, numbers};

/// Replaces a run by one for each of these workers, and returns the pairs. A run that no longer
/// exists is skipped, and so is an empty list of workers.
///
/// # Errors
/// When a worker has the run already, and as [`Transaction::execute`].
pub fn spread<'a>(
    unit: &'a Transaction,
    run: u64,
    workers: &'a [u64],
) -> BoxFuture<'a, Result<Vec<Share>, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let key = run.to_string();
        let known = unit.load::<Run>(&key).await.map_err(whole)?;
        let Some(facts) = known.facts().filter(|_| !workers.is_empty()) else {
            return Ok(Vec::new());
        };
        if facts.enqueued_at.is_some() {
            return Err(CommandError::Rejected(RunRejection::Claimed.into()));
        }
        let count = workers.len() as u64;
        let first = numbers::take_many(unit, RUN, count).await.map_err(whole)?;
        let share = |(run, worker): (u64, &u64)| Share {
            run,
            worker: *worker,
        };
        let into: Vec<Share> = (first..).zip(workers).map(share).collect();

        // Another attempt is counted on from the beginning; its occasion is not to wait for a run that
        // is no more.
        let mut counted_on = known.attempt(None).number > 1;
        let at = unit.now();
        let data = RunCommand::Spread(Spread {
            into: into.clone(),
            at,
        });
        unit.execute::<Run>(&key, data).await.map_err(whole)?;
        let schedule_id = facts.schedule_id;
        for share in &into {
            let sibling = Scheduled {
                number: share.run,
                job: facts.job,
                schedule_id,
                schedule_at: facts.schedule_at,
                worker: Some(share.worker),
                is_manual: facts.is_manual,
                schedule_children: facts.schedule_children,
                origin: Origin::Sibling { run },
                at,
            };
            schedule::tell(unit, sibling).await?;
            let count_on = match std::mem::take(&mut counted_on) {
                true => OccasionCommand::Replace {
                    run,
                    by: share.run,
                    at,
                },
                false => OccasionCommand::Add { run: share.run, at },
            };
            occasion::ask(unit, schedule_id, count_on).await?;
        }
        Ok(into)
    })
}
