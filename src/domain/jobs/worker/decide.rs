//! What a worker may do.
//!
//! That no API key stands twice is promised by [`crate::core::name`].

use jiff::Timestamp;
use thiserror::Error;

use super::{Edited, EnqueueResumed, EnqueueSuspended, Registered, WorkerEvent};
use crate::Aggregate;

/// What decisions about a worker rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worker {
    registered: Option<Registered>,
    facts: Option<Registered>,
}

/// What one may ask of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerCommand {
    /// Begin it.
    Register(Registered),
    /// Change it. What is as it was is left out.
    Edit(Edited),
    /// See [`WorkerEvent::EnqueueSuspended`].
    Suspend {
        /// When.
        at: Timestamp,
    },
    /// See [`WorkerEvent::EnqueueResumed`].
    Resume {
        /// When.
        at: Timestamp,
    },
}

/// How a worker says no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WorkerRejection {
    /// It was never registered.
    #[error("no such worker was registered")]
    Unknown,
    /// Another worker has this number.
    #[error("a worker with this number is already registered")]
    AlreadyRegistered,
    /// It would not survive a header, or share messages with others.
    #[error("an API key is made of A-Z a-z 0-9 _ . - and has at least one of them")]
    ApiKey,
}

impl Worker {
    /// How it stands: what was registered, and what was changed since. `at` is when it was registered.
    #[must_use]
    pub fn facts(&self) -> Option<&Registered> {
        self.facts.as_ref()
    }
}

impl Aggregate for Worker {
    const CATEGORY: &'static str = "worker";
    type Command = WorkerCommand;
    type Event = WorkerEvent;
    type Rejection = WorkerRejection;

    fn decide(&self, command: WorkerCommand) -> Result<Vec<WorkerEvent>, WorkerRejection> {
        use WorkerCommand as C;
        use WorkerEvent as E;
        use WorkerRejection as R;

        let Some(facts) = &self.facts else {
            return match command {
                C::Register(data) => {
                    data.check()?;
                    Ok(vec![E::Registered(data)])
                }
                _ => Err(R::Unknown),
            };
        };
        Ok(match command {
            // Repeated.
            C::Register(data) if self.registered.as_ref() == Some(&data) => vec![],
            C::Suspend { .. } if !facts.enqueue_is_enabled => vec![],
            C::Resume { .. } if facts.enqueue_is_enabled => vec![],

            // Refused.
            C::Register(_) => return Err(R::AlreadyRegistered),

            // Allowed.
            C::Edit(data) => {
                let mut edited = facts.clone();
                edited.edit(&data);
                edited.check()?;
                facts.differing(data).map(E::Edited).into_iter().collect()
            }
            C::Suspend { at } => vec![E::EnqueueSuspended(EnqueueSuspended { at })],
            C::Resume { at } => vec![E::EnqueueResumed(EnqueueResumed { at })],
        })
    }

    fn evolve(&mut self, event: &WorkerEvent) {
        if let WorkerEvent::Registered(data) = event {
            self.registered = Some(data.clone());
            self.facts = Some(data.clone());
        } else if let Some(facts) = &mut self.facts {
            facts.evolve(event);
        }
    }
}

impl Registered {
    /// Takes note of what has happened since. Views that show workers fold them with this.
    pub fn evolve(&mut self, event: &WorkerEvent) {
        use WorkerEvent as E;

        match event {
            E::Registered(_) | E::Reported(_) => {}
            E::Edited(data) => self.edit(data),
            E::EnqueueSuspended(_) => self.enqueue_is_enabled = false,
            E::EnqueueResumed(_) => self.enqueue_is_enabled = true,
        }
    }

    fn check(&self) -> Result<(), WorkerRejection> {
        if !is_key(&self.api_key) {
            return Err(WorkerRejection::ApiKey);
        }
        Ok(())
    }
}

fn is_key(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests;
