//! Whether a pool answers. When none of its workers does, an operator has to look.
//!
//! Checked at every round, recorded when it changes. Mail reminds of it while it lasts.

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{Answered, FellSilent, StayedSilent, WorkerPoolEvent};
use crate::{Aggregate, History};

/// Whether a pool answers. Streams: `worker_pool-silence:<number>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    silent: Option<Silent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Silent {
    since: Timestamp,
    said_at: Timestamp,
}

/// Commands to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SilenceCommand {
    /// No worker answers.
    NoteSilence {
        /// How long it has to be silent before the next reminder.
        remind_after: SignedDuration,
        at: Timestamp,
    },
    /// A worker answers, or none is expected to.
    NoteAnswer { at: Timestamp },
}

/// It rejects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SilenceRejection {}

impl Silence {
    /// The key of the stream about a pool's silence.
    #[must_use]
    pub fn key(worker_pool: u64) -> String {
        format!("silence:{worker_pool}")
    }

    /// Since when it is silent, if it is.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.silent.map(|silent| silent.since)
    }
}

impl Aggregate for Silence {
    const CATEGORY: &'static str = "worker_pool";
    const HISTORY: History = History::Last;
    type Command = SilenceCommand;
    type Event = WorkerPoolEvent;
    type Rejection = SilenceRejection;

    fn decide(&self, command: SilenceCommand) -> Result<Vec<WorkerPoolEvent>, SilenceRejection> {
        use SilenceCommand as C;
        use WorkerPoolEvent as E;

        Ok(match (self.silent, command) {
            // Repeated.
            (None, C::NoteAnswer { .. }) => vec![],
            (Some(silent), C::NoteSilence { remind_after, at })
                if at.duration_since(silent.said_at) < remind_after =>
            {
                vec![]
            }

            // Allowed.
            (None, C::NoteSilence { at, .. }) => vec![E::FellSilent(FellSilent { at })],
            (Some(Silent { since, .. }), C::NoteSilence { at, .. }) => {
                vec![E::StayedSilent(StayedSilent { since, at })]
            }
            (Some(Silent { since, .. }), C::NoteAnswer { at }) => {
                vec![E::Answered(Answered { since, at })]
            }
        })
    }

    fn evolve(&mut self, event: &WorkerPoolEvent) {
        match event {
            WorkerPoolEvent::FellSilent(data) => {
                let (since, said_at) = (data.at, data.at);
                self.silent = Some(Silent { since, said_at });
            }
            WorkerPoolEvent::StayedSilent(data) => {
                let (since, said_at) = (data.since, data.at);
                self.silent = Some(Silent { since, said_at });
            }
            WorkerPoolEvent::Answered(_) => self.silent = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
