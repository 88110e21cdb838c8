//! What a worker pool may do.

use jiff::Timestamp;
use thiserror::Error;

use super::{
    Created, Edited, EnqueueResumed, EnqueueSuspended, WorkerAdded, WorkerPoolEvent, WorkerRemoved,
};
use crate::Aggregate;

/// What decisions about a worker pool rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerPool {
    created: Option<Created>,
    facts: Option<Created>,
}

/// What one may ask of a worker pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerPoolCommand {
    /// Begin it.
    Create(Created),
    /// Change it. What is as it was is left out.
    Edit(Edited),
    /// See [`WorkerPoolEvent::EnqueueSuspended`].
    Suspend {
        /// When.
        at: Timestamp,
    },
    /// See [`WorkerPoolEvent::EnqueueResumed`].
    Resume {
        /// When.
        at: Timestamp,
    },
    /// See [`WorkerPoolEvent::WorkerAdded`].
    AddWorker {
        /// The number of the worker.
        worker: u64,
        /// When.
        at: Timestamp,
    },
    /// See [`WorkerPoolEvent::WorkerRemoved`].
    RemoveWorker {
        /// The number of the worker.
        worker: u64,
        /// When.
        at: Timestamp,
    },
}

/// How a worker pool says no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WorkerPoolRejection {
    /// It was never created.
    #[error("no such worker pool was created")]
    Unknown,
    /// Another worker pool has this number.
    #[error("a worker pool with this number is already created")]
    AlreadyCreated,
}

impl WorkerPool {
    /// How it stands: what was created, and what was changed since. `at` is when it was created.
    #[must_use]
    pub fn facts(&self) -> Option<&Created> {
        self.facts.as_ref()
    }
}

impl Aggregate for WorkerPool {
    const CATEGORY: &'static str = "worker_pool";
    type Command = WorkerPoolCommand;
    type Event = WorkerPoolEvent;
    type Rejection = WorkerPoolRejection;

    fn decide(
        &self,
        command: WorkerPoolCommand,
    ) -> Result<Vec<WorkerPoolEvent>, WorkerPoolRejection> {
        use WorkerPoolCommand as C;
        use WorkerPoolEvent as E;
        use WorkerPoolRejection as R;

        let Some(facts) = &self.facts else {
            return match command {
                C::Create(data) => Ok(vec![E::Created(data)]),
                _ => Err(R::Unknown),
            };
        };
        Ok(match command {
            // Repeated.
            C::Create(data) if self.created.as_ref() == Some(&data) => vec![],
            C::Suspend { .. } if !facts.enqueue_is_enabled => vec![],
            C::Resume { .. } if facts.enqueue_is_enabled => vec![],
            C::AddWorker { worker, .. } if facts.workers.contains(&worker) => vec![],
            C::RemoveWorker { worker, .. } if !facts.workers.contains(&worker) => vec![],

            // Refused.
            C::Create(_) => return Err(R::AlreadyCreated),

            // Allowed.
            C::Edit(data) => facts.differing(data).map(E::Edited).into_iter().collect(),
            C::Suspend { at } => vec![E::EnqueueSuspended(EnqueueSuspended { at })],
            C::Resume { at } => vec![E::EnqueueResumed(EnqueueResumed { at })],
            C::AddWorker { worker, at } => vec![E::WorkerAdded(WorkerAdded { worker, at })],
            C::RemoveWorker { worker, at } => vec![E::WorkerRemoved(WorkerRemoved { worker, at })],
        })
    }

    fn evolve(&mut self, event: &WorkerPoolEvent) {
        if let WorkerPoolEvent::Created(data) = event {
            self.created = Some(data.clone());
            self.facts = Some(data.clone());
        } else if let Some(facts) = &mut self.facts {
            facts.evolve(event);
        }
    }
}

impl Created {
    /// Takes note of what has happened since. Views that show worker pools fold them with this.
    pub fn evolve(&mut self, event: &WorkerPoolEvent) {
        use WorkerPoolEvent as E;

        match event {
            E::Created(_) | E::FellSilent(_) | E::StayedSilent(_) | E::Answered(_) => {}
            E::Edited(data) => self.edit(data),
            E::EnqueueSuspended(_) => self.enqueue_is_enabled = false,
            E::EnqueueResumed(_) => self.enqueue_is_enabled = true,
            E::WorkerAdded(data) => {
                self.workers.insert(data.worker);
            }
            E::WorkerRemoved(data) => {
                self.workers.remove(&data.worker);
            }
        }
    }
}

#[cfg(test)]
mod tests;
