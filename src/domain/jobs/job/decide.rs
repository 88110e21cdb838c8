//! What a job may do.
//!
//! What concerns several things at once is for whoever sees them all: that the pool is one of the
//! project's, and that no job comes after itself ([`super::would_come_after_itself`]). That no title of a
//! template stands twice is promised by [`crate::core::name`].

use jiff::Timestamp;
use thiserror::Error;

use super::{Created, Edited, EnqueueResumed, EnqueueSuspended, JobEvent, Suspension};
use crate::Aggregate;
use crate::jobs::schedule::{
    CronRejection, RETRIES_MAX, RETRY_DELAY_SECONDS_MAX, RUN_TIMEOUT_SECONDS_MAX,
};

/// What decisions about a job rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    created: Option<Created>,
    facts: Option<Created>,
}

/// What one may ask of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobCommand {
    /// Begin it.
    Create(Created),
    /// Change it. What is as it was is left out.
    Edit(Edited),
    /// Send its runs no longer.
    Suspend {
        /// Why.
        because: Suspension,
        /// When.
        at: Timestamp,
    },
    /// Send its runs again.
    Resume {
        /// When.
        at: Timestamp,
    },
}

/// How a job says no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JobRejection {
    /// It was never created.
    #[error("no such job was created")]
    Unknown,
    /// Another job has this number.
    #[error("a job with this number is already created")]
    AlreadyCreated,
    /// Nothing is every 0 minutes.
    #[error("an interval of 0 is none")]
    NoInterval,
    /// It would run after itself for ever.
    #[error("a job cannot be its own parent")]
    OwnParent,
    /// The text is to be stored elsewhere first.
    #[error("the script is too long for an event")]
    ScriptTooLong,
    /// Nobody knows which of the two to follow.
    #[error("cron and reschedule_interval exclude each other: empty one of them")]
    TwoRhythms,
    /// It is no expression.
    #[error("cron {0}")]
    Cron(CronRejection),
    /// It is no name.
    #[error("time_zone is the name of a time zone, such as Europe/Amsterdam")]
    TimeZone,
    /// It is too short or too long.
    #[error("run_timeout_seconds is from 1 to {RUN_TIMEOUT_SECONDS_MAX}")]
    RunTimeout,
    /// It would go on for ever.
    #[error("retries are {RETRIES_MAX} at most")]
    Retries,
    /// It is too long.
    #[error("retry_delay_seconds are {RETRY_DELAY_SECONDS_MAX} at most")]
    RetryDelay,
}

impl Job {
    /// How it stands: what it was created with, and what was changed since. `at` is when it was created.
    #[must_use]
    pub fn facts(&self) -> Option<&Created> {
        self.facts.as_ref()
    }
}

impl Aggregate for Job {
    const CATEGORY: &'static str = "job";
    type Command = JobCommand;
    type Event = JobEvent;
    type Rejection = JobRejection;

    fn decide(&self, command: JobCommand) -> Result<Vec<JobEvent>, JobRejection> {
        use JobCommand as C;
        use JobEvent as E;
        use JobRejection as R;

        Ok(match (&self.facts, command) {
            // Repeated.
            (_, C::Create(data)) if self.created.as_ref() == Some(&data) => vec![],
            (Some(job), C::Suspend { .. }) if !job.enqueue_is_enabled => vec![],
            (Some(job), C::Resume { .. }) if job.enqueue_is_enabled => vec![],

            // Impossible.
            (Some(_), C::Create(_)) => return Err(R::AlreadyCreated),
            (None, C::Edit(_) | C::Suspend { .. } | C::Resume { .. }) => return Err(R::Unknown),

            // Allowed, when it makes sense.
            (None, C::Create(data)) => {
                data.check()?;
                vec![E::Created(data)]
            }
            (Some(job), C::Edit(data)) => {
                let mut edited = job.clone();
                edited.edit(&data);
                edited.check()?;
                job.differing(data).map(E::Edited).into_iter().collect()
            }
            (Some(_), C::Suspend { because, at }) => {
                vec![E::EnqueueSuspended(EnqueueSuspended { because, at })]
            }
            (Some(_), C::Resume { at }) => vec![E::EnqueueResumed(EnqueueResumed { at })],
        })
    }

    fn evolve(&mut self, event: &JobEvent) {
        use JobEvent as E;

        if let E::Created(data) = event {
            self.created = Some(data.clone());
            self.facts = Some(data.clone());
        } else if let Some(job) = &mut self.facts {
            job.evolve(event);
        }
    }
}

impl Created {
    /// Takes note of what has happened since. Views that show jobs fold them with this.
    pub fn evolve(&mut self, event: &JobEvent) {
        match event {
            JobEvent::Edited(data) => self.edit(data),
            JobEvent::EnqueueSuspended(_) => self.enqueue_is_enabled = false,
            JobEvent::EnqueueResumed(_) => self.enqueue_is_enabled = true,
            JobEvent::Created(_) | JobEvent::RunCounted(_) => {}
        }
    }

    fn check(&self) -> Result<(), JobRejection> {
        if self.interval_count == Some(0) {
            return Err(JobRejection::NoInterval);
        }
        if self.parent == Some(self.number) {
            return Err(JobRejection::OwnParent);
        }
        if !self.script.fits() {
            return Err(JobRejection::ScriptTooLong);
        }
        self.check_wishes()
    }
}

#[cfg(test)]
mod tests;
