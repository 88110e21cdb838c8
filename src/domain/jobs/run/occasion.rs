//! All runs with one schedule id: which of them is the last to return.
//!
//! Every run that is over also returns here, in the same transaction. Two runs that return at the
//! same time conflict in this stream, so only one of them finds no open run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use thiserror::Error;

use super::{RunEvent, SiblingAdded, SiblingReopened, SiblingReplaced, SiblingReturned};
use crate::Aggregate;

/// What decisions about an occasion rest on. Streams: `run-occasion:<schedule id>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occasion {
    runs: BTreeMap<u64, Standing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Open,
    Over { failed: bool },
}

/// Commands to an occasion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OccasionCommand {
    /// Count on a run: it is one of those that were spread.
    Add { run: u64, at: Timestamp },
    /// Record that a run is over. A run that the occasion does not know is alone in it, as most
    /// are.
    Return {
        run: u64,
        /// Whether it went well.
        success: Option<bool>,
        at: Timestamp,
    },
    /// Count on another run instead of one that is tried again, or spread.
    Replace {
        run: u64,
        /// The run that takes its place.
        by: u64,
        at: Timestamp,
    },
    /// Take note that a run is not over after all.
    Reopen { run: u64, at: Timestamp },
}

/// An occasion rejects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OccasionRejection {}

impl Occasion {
    /// Whether it counts on a run other than this one.
    #[must_use]
    pub fn has_others_than(&self, run: u64) -> bool {
        self.runs.keys().any(|other| *other != run)
    }

    /// The key of an occasion's stream.
    #[must_use]
    pub fn key(schedule_id: u64) -> String {
        format!("occasion:{schedule_id}")
    }
}

impl Aggregate for Occasion {
    const CATEGORY: &'static str = "run";
    type Command = OccasionCommand;
    type Event = RunEvent;
    type Rejection = OccasionRejection;

    fn decide(&self, command: OccasionCommand) -> Result<Vec<RunEvent>, OccasionRejection> {
        use OccasionCommand as C;
        use Standing as S;

        let standing = |run: &u64| self.runs.get(run);
        Ok(match command {
            // Repeated.
            C::Add { run, .. } if standing(&run).is_some() => vec![],
            C::Return { run, .. } if matches!(standing(&run), Some(S::Over { .. })) => vec![],
            C::Replace { by, .. } if standing(&by).is_some() => vec![],
            C::Reopen { run, .. } if !matches!(standing(&run), Some(S::Over { .. })) => vec![],

            // Allowed.
            C::Add { run, at } => vec![RunEvent::SiblingAdded(SiblingAdded { run, at })],
            C::Replace { run, by, at } => {
                vec![RunEvent::SiblingReplaced(SiblingReplaced { run, by, at })]
            }
            C::Reopen { run, at } => vec![RunEvent::SiblingReopened(SiblingReopened { run, at })],
            C::Return { run, success, at } => {
                let others = || self.runs.iter().filter(|(other, _)| **other != run);
                let open = others()
                    .filter(|(_, standing)| **standing == S::Open)
                    .count();
                let failed = |standing: &S| *standing == S::Over { failed: true };
                vec![RunEvent::SiblingReturned(SiblingReturned {
                    run,
                    success,
                    open: u64::try_from(open).unwrap_or(u64::MAX),
                    sibling_failed: others().any(|(_, standing)| failed(standing)),
                    at,
                })]
            }
        })
    }

    fn evolve(&mut self, event: &RunEvent) {
        match event {
            RunEvent::SiblingAdded(data) => {
                self.runs.insert(data.run, Standing::Open);
            }
            RunEvent::SiblingReturned(data) => {
                let failed = data.success == Some(false);
                self.runs.insert(data.run, Standing::Over { failed });
            }
            RunEvent::SiblingReplaced(data) => {
                self.runs.remove(&data.run);
                self.runs.insert(data.by, Standing::Open);
            }
            RunEvent::SiblingReopened(data) => {
                self.runs.insert(data.run, Standing::Open);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
