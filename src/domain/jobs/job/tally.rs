//! How the runs of a job went: how many failed in a row, and which occasion was completed last.
//!
//! Updated in the transaction in which a run returns, which it does once. It is a stream of its
//! own, because a job that runs every minute returns half a million times a year, and an edit of
//! the job should not read all of that.

use jiff::Timestamp;
use thiserror::Error;

use super::{JobEvent, RunCounted};
use crate::jobs::schedule::count_fails;
use crate::{Aggregate, History};

/// How the runs of a job went. Streams: `job-tally:<number>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    last: Option<RunCounted>,
}

/// Commands to a tally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TallyCommand {
    /// Count a run that is over. The same report about the same run adds nothing.
    Count {
        run: u64,
        /// The occasion it belongs to.
        schedule_id: u64,
        /// Whether it went well.
        success: Option<bool>,
        /// How many failures in a row the job bears.
        fails_max: Option<u32>,
        at: Timestamp,
    },
}

/// A tally rejects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TallyRejection {}

impl Tally {
    /// The key of a tally's stream.
    #[must_use]
    pub fn key(job: u64) -> String {
        format!("tally:{job}")
    }

    /// How many of the job's runs have failed in a row.
    #[must_use]
    pub fn fails(&self) -> u32 {
        self.last.as_ref().map_or(0, |last| last.fails)
    }

    /// The occasion that was completed last.
    #[must_use]
    pub fn last_completed_schedule_id(&self) -> Option<u64> {
        self.last.as_ref().map(|last| last.schedule_id)
    }
}

impl Aggregate for Tally {
    const CATEGORY: &'static str = "job";
    const HISTORY: History = History::Last;
    type Command = TallyCommand;
    type Event = JobEvent;
    type Rejection = TallyRejection;

    fn decide(&self, command: TallyCommand) -> Result<Vec<JobEvent>, TallyRejection> {
        let TallyCommand::Count {
            run,
            schedule_id,
            success,
            fails_max,
            at,
        } = command;
        let repeated = |last: &RunCounted| last.run == run && last.at == at;
        if self.last.as_ref().is_some_and(repeated) {
            return Ok(vec![]);
        }
        let counted = count_fails(self.fails(), success, fails_max);
        Ok(vec![JobEvent::RunCounted(RunCounted {
            run,
            schedule_id,
            success,
            fails: counted.fails,
            too_many: counted.disable,
            at,
        })])
    }

    fn evolve(&mut self, event: &JobEvent) {
        if let JobEvent::RunCounted(data) = event {
            self.last = Some(data.clone());
        }
    }
}

#[cfg(test)]
mod tests;
