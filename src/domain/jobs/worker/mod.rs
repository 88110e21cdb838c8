//! A worker: it executes runs.
//!
//! That no title and no API key is used twice is promised by [`crate::core::name`]. What a worker
//! reports about itself is in a stream next to its own: [`Reports`].

mod reports;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Sealed;
use crate::kernel::change::patch;
use crate::kernel::record::record;

pub use reports::{ReportCommand, ReportRejection, Reports};

record! {
    /// What decisions about a worker depend on.
    Worker("worker") {
        category: "worker",
        events: WorkerEvent,
        commands: WorkerCommand,
        rejections: WorkerRejection {
            /// It would not survive a header, or share messages with others.
            #[error("an API key is made of A-Z a-z 0-9 _ . - and has at least one of them")]
            ApiKey,
        },
        checked by: check,
    }

    Register -> Registered = "worker.registered" v 1 [audited],
    /// Its title, description, key or secret was edited.
    Edit -> Edited = "worker.edited" v 1 [audited],

    /// The unique title.
    edit title: String,
    edit description: String,
    /// The unique key that its requests and its messages carry.
    edit api_key: String,
    /// The secret with which it signs its requests, sealed.
    edit required secret: Sealed,
    /// Whether it gets work.
    switch enqueue_is_enabled {
        /// It gets no new work.
        off Suspend -> EnqueueSuspended = "worker.enqueue_suspended" v 1 [audited],
        /// It gets work again.
        on Resume -> EnqueueResumed = "worker.enqueue_resumed" v 1 [audited],
    }

    also Reported(Reported) = "worker.reported" v 1,
}

/// `worker.reported`: a field that is missing stays, `null` empties one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// The time at which it last answered a ping, by its own clock.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub ping_response_at: Option<Option<Timestamp>>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub worker_version: Option<Option<String>>,
    /// The number of runs it executes at once.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub concurrent_jobs: Option<Option<u32>>,
    /// The time at which the report came.
    pub at: Timestamp,
}

impl Registered {
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
