//! The next occasion of a job.

use std::collections::BTreeSet;

use domain::jobs::run::{Followed, NotFollowed, Origin, Run, RunCommand, Scheduled};
use jiff::Timestamp;

use super::rejection::whole;
use super::{RUN, RunsRejection, schedule};
use crate::{BoxFuture, CommandError, Transaction, numbers};

/// When the job of a run is due again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// The run that is about to be sent.
    pub run: u64,
    /// When its job is due after it.
    pub schedule_at: Timestamp,
}

/// Schedules the next occasions of the jobs of these runs, and answers the numbers of the new ones.
/// A run that is followed already, or is no more, is passed over.
///
/// Many at once are one append, and take their numbers in one step: a farm whose jobs are all due
/// at midnight would else be busy with it until one.
///
/// # Errors
/// As [`Transaction::execute`].
pub fn follow<'a>(
    unit: &'a Transaction,
    nexts: &'a [Next],
) -> BoxFuture<'a, Result<Vec<u64>, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let mut due = Vec::with_capacity(nexts.len());
        let mut seen = BTreeSet::new();
        for next in nexts.iter().filter(|next| seen.insert(next.run)) {
            let key = next.run.to_string();
            let known = unit.load::<Run>(&key).await.map_err(whole)?;
            if let Some(facts) = known.facts().filter(|_| !known.is_followed()) {
                due.push((key, *next, facts.job));
            }
        }
        let count = due.len() as u64;
        if count == 0 {
            return Ok(Vec::new());
        }
        let first = numbers::take_many(unit, RUN, count).await.map_err(whole)?;
        let at = unit.now();
        for (number, (key, next, job)) in (first..).zip(&due) {
            let scheduled = Scheduled {
                number,
                job: *job,
                schedule_id: number,
                schedule_at: next.schedule_at,
                worker: None,
                is_manual: false,
                schedule_children: true,
                origin: Origin::FollowUp { run: next.run },
                at,
            };
            schedule::tell(unit, scheduled).await?;
            let followed = RunCommand::Follow(Followed { by: number, at });
            unit.execute::<Run>(key, followed).await.map_err(whole)?;
        }
        Ok((first..first + count).collect())
    })
}

/// Records, once, that there is no time for a next occasion of the job of a run.
///
/// # Errors
/// As [`Transaction::execute`].
pub fn give_up_following(
    unit: &Transaction,
    run: u64,
) -> BoxFuture<'_, Result<(), CommandError<RunsRejection>>> {
    Box::pin(async move {
        let key = run.to_string();
        let known = unit.load::<Run>(&key).await.map_err(whole)?;
        if known.facts().is_some() {
            let at = unit.now();
            let data = RunCommand::GiveUpFollowing(NotFollowed { at });
            unit.execute::<Run>(&key, data).await.map_err(whole)?;
        }
        Ok(())
    })
}
