//! What may have happened to a worker.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Sealed;
use crate::kernel::change::{edits, present};
use crate::kernel::event::events;

events! {
    /// What may have happened to a worker. Streams: `worker-<number>`, and `worker-reports:<number>` for what it says
    /// about itself.
    WorkerEvent {
        /// It is there.
        Registered(Registered) = "worker.registered" v 1 [audited],
        /// It is described otherwise.
        Edited(Edited) = "worker.edited" v 1 [audited],
        /// It gets no new work.
        EnqueueSuspended(EnqueueSuspended) = "worker.enqueue_suspended" v 1 [audited],
        /// It gets work again.
        EnqueueResumed(EnqueueResumed) = "worker.enqueue_resumed" v 1 [audited],
        /// It said how it is.
        Reported(Reported) = "worker.reported" v 1,
    }
}

/// `worker.registered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The worker's number.
    pub number: u64,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// By what it is known: its requests and its messages carry this.
    pub api_key: String,
    /// With what it signs its requests, sealed.
    pub secret: Sealed,
    /// Whether it gets work.
    pub enqueue_is_enabled: bool,
    /// When.
    pub at: Timestamp,
}

edits! {
    /// `worker.edited`: what is not spoken of stays.
    Edited of Registered {
        /// What people call it.
        title: String,
        /// What it is for.
        description: String,
        /// By what it is known: its requests and its messages carry this.
        api_key: String,
        /// With what it signs its requests, sealed.
        secret: Sealed,
    }
}

/// `worker.enqueue_suspended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueSuspended {
    /// When.
    pub at: Timestamp,
}

/// `worker.enqueue_resumed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueResumed {
    /// When.
    pub at: Timestamp,
}

/// `worker.reported`: what is not spoken of stays, `null` empties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// When it answered a ping, by its own clock.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub ping_response_at: Option<Option<Timestamp>>,
    /// Of which version its program is.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub worker_version: Option<Option<String>>,
    /// How many runs it executes at once.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub concurrent_jobs: Option<Option<u32>>,
    /// When we heard of it.
    pub at: Timestamp,
}
