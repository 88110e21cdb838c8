//! What may have happened to a worker pool.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::change::edits;
use crate::kernel::event::events;

events! {
    /// What may have happened to a worker pool. Streams: `worker_pool-<number>`, and
    /// `worker_pool-silence:<number>` for whether it answers.
    WorkerPoolEvent {
        /// It is there.
        Created(Created) = "worker_pool.created" v 1 [audited],
        /// It is described otherwise.
        Edited(Edited) = "worker_pool.edited" v 1 [audited],
        /// Runs are no longer sent for its sake, except those that a person asked for.
        EnqueueSuspended(EnqueueSuspended) = "worker_pool.enqueue_suspended" v 1 [audited],
        /// Runs are sent again.
        EnqueueResumed(EnqueueResumed) = "worker_pool.enqueue_resumed" v 1 [audited],
        /// A worker belongs to it.
        WorkerAdded(WorkerAdded) = "worker_pool.worker_added" v 1 [audited],
        /// A worker belongs to it no longer.
        WorkerRemoved(WorkerRemoved) = "worker_pool.worker_removed" v 1 [audited],
        /// None of its workers answers, and people are to be told.
        FellSilent(FellSilent) = "worker_pool.fell_silent" v 1,
        /// That has not changed, and people are to be reminded.
        StayedSilent(StayedSilent) = "worker_pool.stayed_silent" v 1,
        /// That has changed.
        Answered(Answered) = "worker_pool.answered" v 1,
    }
}

/// `worker_pool.created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The worker pool's number.
    pub number: u64,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Who is told about failures, one address on each line.
    pub notification_addresses: String,
    /// Whether runs are sent.
    pub enqueue_is_enabled: bool,
    /// The numbers of its workers.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub workers: BTreeSet<u64>,
    /// When.
    pub at: Timestamp,
}

impl Created {
    /// A worker pool of which nothing was said yet: it has no workers.
    #[must_use]
    pub fn blank(number: u64, at: Timestamp) -> Self {
        Self {
            number,
            title: String::new(),
            description: String::new(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            workers: BTreeSet::new(),
            at,
        }
    }
}

edits! {
    /// `worker_pool.edited`: what is not spoken of stays.
    Edited of Created {
        /// What people call it.
        title: String,
        /// What it is for.
        description: String,
        /// Who is told about failures, one address on each line.
        notification_addresses: String,
    }
}

/// `worker_pool.enqueue_suspended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueSuspended {
    /// When.
    pub at: Timestamp,
}

/// `worker_pool.enqueue_resumed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueResumed {
    /// When.
    pub at: Timestamp,
}

/// `worker_pool.worker_added`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerAdded {
    /// The number of the worker.
    pub worker: u64,
    /// When.
    pub at: Timestamp,
}

/// `worker_pool.worker_removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRemoved {
    /// The number of the worker.
    pub worker: u64,
    /// When.
    pub at: Timestamp,
}

/// `worker_pool.fell_silent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FellSilent {
    /// When that was noticed.
    pub at: Timestamp,
}

/// `worker_pool.stayed_silent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StayedSilent {
    /// Since when it is silent.
    pub since: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// `worker_pool.answered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Since when it had been silent.
    pub since: Timestamp,
    /// When that was noticed.
    pub at: Timestamp,
}
