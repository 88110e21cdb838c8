//! What a kill request may do.

use jiff::Timestamp;
use thiserror::Error;

use super::{Enqueued, Executed, KillReason, KillRequestEvent, Patched, Requested};
use crate::Aggregate;
use crate::jobs::run::Caller;
use crate::kernel::change::{note, unlike};

/// What decisions about a kill request rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KillRequest {
    requested: Option<Requested>,
    facts: Option<KillRequestFacts>,
}

/// The state of a kill request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillRequestFacts {
    pub run: u64,
    pub schedule_at: Timestamp,
    /// When the worker took note of it.
    pub enqueued_at: Option<Timestamp>,
    /// When the worker killed the run.
    pub executed_at: Option<Timestamp>,
    /// Why, when no user requested it.
    pub reason: Option<KillReason>,
}

/// Commands to a kill request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KillRequestCommand {
    Request(Requested),
    /// Record a change that a worker or user sends.
    Patch {
        /// Who. A worker may set only the two times.
        by: Caller,
        patch: Patched,
    },
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KillRequestRejection {
    /// There is no such kill request.
    #[error("no such kill request was made")]
    Unknown,
    /// Another request has this number.
    #[error("a kill request with this number is already made")]
    AlreadyRequested,
}

impl KillRequest {
    /// Its state.
    #[must_use]
    pub fn facts(&self) -> Option<&KillRequestFacts> {
        self.facts.as_ref()
    }
}

impl Aggregate for KillRequest {
    const CATEGORY: &'static str = "kill_request";
    type Command = KillRequestCommand;
    type Event = KillRequestEvent;
    type Rejection = KillRequestRejection;

    fn decide(
        &self,
        command: KillRequestCommand,
    ) -> Result<Vec<KillRequestEvent>, KillRequestRejection> {
        use KillRequestCommand as C;
        use KillRequestEvent as E;
        use KillRequestRejection as R;

        Ok(match (&self.facts, command) {
            // Repeated.
            (_, C::Request(data)) if self.requested.as_ref() == Some(&data) => vec![],

            // Impossible.
            (Some(_), C::Request(_)) => return Err(R::AlreadyRequested),
            (None, C::Patch { .. }) => return Err(R::Unknown),

            // Allowed.
            (None, C::Request(data)) => vec![E::Requested(data)],
            (Some(facts), C::Patch { by, patch }) => facts.meaning_of(by, &patch),
        })
    }

    fn evolve(&mut self, event: &KillRequestEvent) {
        if let KillRequestEvent::Requested(data) = event {
            self.requested = Some(data.clone());
            self.facts = Some(KillRequestFacts::asked(data));
        } else if let Some(facts) = &mut self.facts {
            facts.evolve(event);
        }
    }
}

impl KillRequestFacts {
    /// The state of a new request.
    #[must_use]
    pub fn asked(data: &Requested) -> Self {
        Self {
            run: data.run,
            schedule_at: data.at,
            enqueued_at: None,
            executed_at: None,
            reason: data.reason,
        }
    }

    /// Takes note of what has happened. Views that show kill requests fold them with this.
    pub fn evolve(&mut self, event: &KillRequestEvent) {
        use KillRequestEvent as E;

        match event {
            E::Requested(_) => {}
            E::Enqueued(data) => self.enqueued_at = Some(data.enqueued_at),
            E::Executed(data) => self.executed_at = Some(data.executed_at),
            E::Patched(data) => {
                note(&mut self.run, data.run.as_ref());
                note(&mut self.schedule_at, data.schedule_at.as_ref());
                note(&mut self.enqueued_at, data.enqueued_at.as_ref());
                note(&mut self.executed_at, data.executed_at.as_ref());
            }
        }
    }

    fn meaning_of(&self, by: Caller, patch: &Patched) -> Vec<KillRequestEvent> {
        let at = patch.at;
        let trusted = by == Caller::Trusted;
        let mut left = Patched {
            run: unlike(patch.run, &self.run).filter(|_| trusted),
            schedule_at: unlike(patch.schedule_at, &self.schedule_at).filter(|_| trusted),
            enqueued_at: unlike(patch.enqueued_at, &self.enqueued_at),
            executed_at: unlike(patch.executed_at, &self.executed_at),
            at,
        };
        let mut events = Vec::new();
        if let (Some(Some(enqueued_at)), None) = (left.enqueued_at, self.enqueued_at) {
            left.enqueued_at = None;
            events.push(KillRequestEvent::Enqueued(Enqueued { enqueued_at, at }));
        }
        if let (Some(Some(executed_at)), None) = (left.executed_at, self.executed_at) {
            left.executed_at = None;
            events.push(KillRequestEvent::Executed(Executed { executed_at, at }));
        }
        if left != Patched::nothing(at) {
            events.push(KillRequestEvent::Patched(left));
        }
        events
    }
}

#[cfg(test)]
mod tests;
