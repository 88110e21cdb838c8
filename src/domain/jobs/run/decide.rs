//! What a run may do.
//!
//! When several workers claim a run, it belongs to the last one; reports of the others are refused.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Followed, GivenUp, KillRequested, NotFollowed, Patched, Reset, Retried, RunEvent, Scheduled,
    Spread, TimedOut,
};
use crate::Aggregate;
use crate::jobs::schedule::Attempt;
use crate::kernel::change::note;
use crate::kernel::compact_time;

mod meaning;

/// What decisions about a run rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    scheduled: Option<Scheduled>,
    facts: Option<RunFacts>,
    spread: bool,
    followed: bool,
    given_up_following: bool,
    was_to_be_killed: bool,
    retried: bool,
}

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// The number of the job it executes.
    pub job: u64,
    /// The number of the occasion it belongs to.
    pub schedule_id: u64,
    #[serde(with = "compact_time")]
    pub schedule_at: Timestamp,
    /// Who executes it, or is to.
    pub worker: Option<u64>,
    #[serde(with = "compact_time::option")]
    pub enqueued_at: Option<Timestamp>,
    #[serde(with = "compact_time::option")]
    pub started_at: Option<Timestamp>,
    #[serde(with = "compact_time::option")]
    pub returned_at: Option<Timestamp>,
    /// Whether it went well.
    pub success: Option<bool>,
    /// The process id on the worker's machine.
    pub pid: Option<i64>,
    /// Whether that is the process of the last start. After a reset old clients still see the
    /// previous process, whose number may have been reused by now: no worker may be told to kill
    /// it.
    pub pid_is_current: bool,
    /// When we received its start. A worker's clock may be wrong, and must not cause a kill.
    #[serde(with = "compact_time::option")]
    pub start_heard_at: Option<Timestamp>,
    /// That it took too long since then.
    pub timed_out: Option<TimedOut>,
    /// Whether it was requested by hand.
    pub is_manual: bool,
    /// Whether the job's children run after it.
    pub schedule_children: bool,
}

/// Who speaks about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The worker with this number. It may change only its own runs, and only what workers report.
    Worker(u64),
    /// A caller whose rights were checked before.
    Trusted,
}

/// Commands to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunCommand {
    Schedule(Scheduled),
    /// Record what a worker or user reports about it.
    Patch {
        by: Caller,
        patch: Patched,
    },
    /// Replace it by one run for each worker.
    Spread(Spread),
    /// Record its job's next occasion. A run that is followed already is not followed again: a
    /// caller that gets no event for this command schedules nothing.
    Follow(Followed),
    /// Take note that there is no time for a next occasion.
    GiveUpFollowing(NotFollowed),
    /// Record that it takes too long and is to be killed. A caller that gets no event for this
    /// command requests no kill.
    TimeOut(TimedOut),
    NoteKill(KillRequested),
    /// Take note that another run takes its place. One that was tried again already is not tried
    /// again.
    Retry(Retried),
    /// End it because its worker is silent.
    GiveUp(GivenUp),
    /// End it because a person does not expect it to return any more. A waiting run cannot be
    /// ended: it will be sent, and ending it would end the repetition of its job.
    End(GivenUp),
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunRejection {
    /// It was never scheduled.
    #[error("no such run was scheduled")]
    Unknown,
    #[error("this run was replaced by one for each worker")]
    Gone,
    /// Another run has this number.
    #[error("a run with this number is already scheduled")]
    AlreadyScheduled,
    /// A worker spoke of a run that is, or would be, another's.
    #[error("this run belongs to worker {worker}")]
    OtherWorker {
        /// Whose it is or would be.
        worker: u64,
    },
    /// A worker is about to execute it, or did.
    #[error("a run that is claimed cannot be spread")]
    Claimed,
    /// No worker executes it.
    #[error("no worker has claimed this run: it waits")]
    Waiting,
    /// No worker executes it any more.
    #[error("this run is over")]
    Over,
    /// Its outcome is not known yet.
    #[error("a run that is not over is not tried again")]
    NotOver,
}

impl Run {
    /// Its state; none when it was never scheduled, or was spread.
    #[must_use]
    pub fn facts(&self) -> Option<&RunFacts> {
        self.facts.as_ref().filter(|_| !self.spread)
    }

    /// The job it executes, also when it was spread: its number names the occasion then.
    #[must_use]
    pub fn job(&self) -> Option<u64> {
        self.facts.as_ref().map(|facts| facts.job)
    }

    /// Checks that a worker has it, and that it has not returned: then there may be something to
    /// kill.
    ///
    /// # Errors
    /// When there is no such run, no worker has claimed it, or it is over.
    pub fn check_with_worker(&self) -> Result<(), RunRejection> {
        match self.facts() {
            None if self.spread => Err(RunRejection::Gone),
            None => Err(RunRejection::Unknown),
            Some(facts) if facts.returned_at.is_some() => Err(RunRejection::Over),
            Some(facts) if facts.enqueued_at.is_none() => Err(RunRejection::Waiting),
            Some(_) => Ok(()),
        }
    }

    /// Whether another run has replaced it. Later reports about it have no consequences.
    #[must_use]
    pub fn is_retried(&self) -> bool {
        self.retried
    }

    /// The facts that decide whether it is retried after this end.
    #[must_use]
    pub fn attempt(&self, success: Option<bool>) -> Attempt {
        let planned = self.scheduled.as_ref();
        Attempt {
            number: planned.map_or(1, |planned| planned.origin.attempt()),
            success,
            is_manual: self.facts.is_some_and(|facts| facts.is_manual),
            was_to_be_killed: self.was_to_be_killed,
        }
    }

    /// The only worker that may execute it, if that was settled when it was scheduled.
    #[must_use]
    pub fn only_worker(&self) -> Option<u64> {
        self.scheduled.as_ref().and_then(|planned| planned.worker)
    }

    /// When it was decided on.
    #[must_use]
    pub fn decided_at(&self) -> Option<Timestamp> {
        self.scheduled.as_ref().map(|planned| planned.at)
    }

    /// Whether the next occasion of its job was scheduled after it.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.followed
    }
}

impl Aggregate for Run {
    const CATEGORY: &'static str = "run";
    type Command = RunCommand;
    type Event = RunEvent;
    type Rejection = RunRejection;

    fn decide(&self, command: RunCommand) -> Result<Vec<RunEvent>, RunRejection> {
        use RunCommand as C;
        use RunEvent as E;
        use RunRejection as R;

        Ok(match (&self.facts, command) {
            // Impossible.
            (Some(_), C::Schedule(data)) if self.scheduled.as_ref() != Some(&data) => {
                return Err(R::AlreadyScheduled);
            }
            (None, C::Schedule(data)) => vec![E::Scheduled(data)],
            (None, _) => return Err(R::Unknown),

            // Repeated.
            (_, C::Schedule(_)) => vec![],
            (_, C::Spread(_)) if self.spread => vec![],
            (_, C::Follow(_)) if self.followed => vec![],
            (_, C::GiveUpFollowing(_)) if self.followed || self.given_up_following => vec![],
            (Some(facts), C::GiveUp(_) | C::End(_)) if facts.returned_at.is_some() => vec![],
            (_, C::NoteKill(_)) if self.was_to_be_killed => vec![],
            (_, C::Retry(_)) if self.retried => vec![],
            (Some(facts), C::TimeOut(_)) if facts.time_runs_since().is_none() => vec![],

            // Refused.
            (
                _,
                C::Patch { .. } | C::Follow(_) | C::GiveUpFollowing(_) | C::GiveUp(_) | C::End(_),
            ) if self.spread => return Err(R::Gone),
            (Some(facts), C::Spread(_)) if facts.enqueued_at.is_some() => {
                return Err(R::Claimed);
            }
            (Some(facts), C::End(_)) if facts.enqueued_at.is_none() => {
                return Err(R::Waiting);
            }
            (Some(facts), C::Retry(_)) if facts.returned_at.is_none() => {
                return Err(R::NotOver);
            }

            // Allowed.
            (_, C::Spread(data)) => vec![E::Spread(data)],
            (_, C::Follow(data)) => vec![E::Followed(data)],
            (_, C::GiveUpFollowing(data)) => vec![E::NotFollowed(data)],
            (_, C::TimeOut(data)) => vec![E::TimedOut(data)],
            (_, C::NoteKill(data)) => vec![E::KillRequested(data)],
            (_, C::Retry(data)) => vec![E::Retried(data)],
            (_, C::GiveUp(data) | C::End(data)) => vec![E::GivenUp(data)],
            (Some(facts), C::Patch { by, patch }) => meaning::of(facts, by, patch)?,
        })
    }

    fn evolve(&mut self, event: &RunEvent) {
        use RunEvent as E;

        match event {
            E::Scheduled(data) => {
                self.facts = Some(RunFacts::planned(data));
                self.scheduled = Some(data.clone());
            }
            E::Spread(_) => self.spread = true,
            E::Followed(_) => self.followed = true,
            E::NotFollowed(_) => self.given_up_following = true,
            E::KillRequested(_) => self.was_to_be_killed = true,
            // Like every other event of an unknown run, this changes nothing.
            E::Retried(_) => self.retried |= self.facts.is_some(),
            _ => {
                if let Some(facts) = &mut self.facts {
                    facts.evolve(event);
                }
            }
        }
    }
}

impl RunFacts {
    /// The state of a new run.
    #[must_use]
    pub fn planned(data: &Scheduled) -> Self {
        Self {
            job: data.job,
            schedule_id: data.schedule_id,
            schedule_at: data.schedule_at,
            worker: data.worker,
            enqueued_at: None,
            started_at: None,
            returned_at: None,
            success: None,
            pid: None,
            pid_is_current: false,
            start_heard_at: None,
            timed_out: None,
            is_manual: data.is_manual,
            schedule_children: data.schedule_children,
        }
    }

    /// The start of its timeout: when we received its start, as long as it is executed and not
    /// timed out.
    #[must_use]
    pub fn time_runs_since(&self) -> Option<Timestamp> {
        let is_executed =
            self.enqueued_at.is_some() && self.started_at.is_some() && self.returned_at.is_none();
        self.start_heard_at
            .filter(|_| is_executed && self.timed_out.is_none())
    }

    /// Takes note of what has happened. Views that show runs fold them with this, so that they show
    /// what decisions rest on.
    pub fn evolve(&mut self, event: &RunEvent) {
        use RunEvent as E;

        match event {
            E::Claimed(data) => {
                self.worker = Some(data.worker);
                self.enqueued_at = Some(data.enqueued_at);
            }
            E::Started(data) => {
                self.started_at = Some(data.started_at);
                self.pid_is_current = false;
                self.start_heard_at = Some(data.at);
                self.timed_out = None;
            }
            E::TimedOut(data) => self.timed_out = Some(*data),
            E::PidReported(data) => {
                self.pid = Some(data.pid);
                self.pid_is_current = true;
            }
            E::Returned(data) => {
                self.returned_at = Some(data.returned_at);
                self.success = data.success;
            }
            E::GivenUp(data) => {
                self.enqueued_at.get_or_insert(data.at);
                self.started_at.get_or_insert(data.at);
                self.returned_at = Some(data.at);
                self.success = Some(false);
            }
            E::Reopened(_) => {
                self.returned_at = None;
                // It was over, and its process with it: which process there is to kill is unknown.
                self.start_heard_at = None;
                self.timed_out = None;
            }
            E::Reset(Reset { .. }) => {
                self.enqueued_at = None;
                self.started_at = None;
                self.pid_is_current = false;
                self.start_heard_at = None;
                self.timed_out = None;
            }
            E::Patched(data) => self.patch(data),
            E::Scheduled(_)
            | E::Spread(_)
            | E::Followed(_)
            | E::NotFollowed(_)
            | E::KillRequested(_)
            | E::Retried(_)
            | E::SiblingAdded(_)
            | E::SiblingReturned(_)
            | E::SiblingReplaced(_)
            | E::SiblingReopened(_) => {}
        }
    }

    fn patch(&mut self, data: &Patched) {
        note(&mut self.job, data.job.as_ref());
        note(&mut self.schedule_id, data.schedule_id.as_ref());
        note(&mut self.schedule_at, data.schedule_at.as_ref());
        self.worker = data.worker.or(self.worker);
        note(&mut self.enqueued_at, data.enqueued_at.as_ref());
        note(&mut self.started_at, data.started_at.as_ref());
        note(&mut self.returned_at, data.returned_at.as_ref());
        note(&mut self.success, data.success.as_ref());
        note(&mut self.pid, data.pid.as_ref());
        self.pid_is_current &= data.pid.is_none();
        note(&mut self.is_manual, data.is_manual.as_ref());
        note(&mut self.schedule_children, data.schedule_children.as_ref());
    }
}

#[cfg(test)]
mod tests;
