//! A pool: workers that execute the same jobs.
//!
//! Whether any of them answers is in a stream next to that of the pool: [`Silence`].

mod silence;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::record::record;

pub use silence::{Silence, SilenceCommand, SilenceRejection};

record! {
    /// What decisions about a worker pool depend on.
    WorkerPool("worker pool") {
        category: "worker_pool",
        events: WorkerPoolEvent,
        commands: WorkerPoolCommand,
        rejections: WorkerPoolRejection {},
    }

    Create -> Created = "worker_pool.created" v 1 [audited],
    /// Its title, description or addresses were edited.
    Edit -> Edited = "worker_pool.edited" v 1 [audited],

    /// The unique title.
    edit title: String,
    edit description: String,
    /// Who gets mail about failures, one address on each line.
    edit notification_addresses: String,
    /// Whether runs are sent.
    switch enqueue_is_enabled {
        /// Its runs are no longer sent, except those that a person requested.
        off Suspend -> EnqueueSuspended = "worker_pool.enqueue_suspended" v 1 [audited],
        /// Its runs are sent again.
        on Resume -> EnqueueResumed = "worker_pool.enqueue_resumed" v 1 [audited],
    }
    set workers of worker {
        add AddWorker -> WorkerAdded = "worker_pool.worker_added" v 1 [audited],
        /// A worker no longer belongs to it.
        remove RemoveWorker -> WorkerRemoved = "worker_pool.worker_removed" v 1 [audited],
    }

    /// None of its workers answers: people get mail.
    also FellSilent(FellSilent) = "worker_pool.fell_silent" v 1,
    /// Still none of its workers answers: people get a reminder.
    also StayedSilent(StayedSilent) = "worker_pool.stayed_silent" v 1,
    also Answered(Answered) = "worker_pool.answered" v 1,
}

/// `worker_pool.fell_silent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FellSilent {
    /// The time at which that was noticed.
    pub at: Timestamp,
}

/// `worker_pool.stayed_silent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StayedSilent {
    /// The time since which it is silent.
    pub since: Timestamp,
    /// The time of the reminder.
    pub at: Timestamp,
}

/// `worker_pool.answered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The time since which it had been silent.
    pub since: Timestamp,
    /// The time at which the answer was noticed.
    pub at: Timestamp,
}
