//! What may have happened to a kill request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::change::patch;
use crate::kernel::event::events;

events! {
    /// What may have happened to a kill request. Streams: `kill_request-<number>`.
    KillRequestEvent {
        /// A user requested it, or a rule of the application.
        Requested(Requested) = "kill_request.requested" v 2 [by_hand],
        /// The run's worker has taken note of it.
        Enqueued(Enqueued) = "kill_request.enqueued" v 1,
        /// The run's worker has killed what there was of the run.
        Executed(Executed) = "kill_request.executed" v 1,
        /// A user changed fields of it.
        Patched(Patched) = "kill_request.patched" v 1 [by_hand],
    }
}

/// `kill_request.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    pub number: u64,
    pub run: u64,
    /// Why, when no user requested it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<KillReason>,
    /// When. It is due at once.
    pub at: Timestamp,
}

/// Why a run is to be killed without a user's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillReason {
    /// It took longer than its job allows.
    TimedOut { limit_seconds: u32 },
}

/// `kill_request.enqueued`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enqueued {
    /// When, by the worker's clock.
    pub enqueued_at: Timestamp,
    pub at: Timestamp,
}

/// `kill_request.executed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// When, by the worker's clock.
    pub executed_at: Timestamp,
    pub at: Timestamp,
}

/// `kill_request.patched`: what is not spoken of stays, `null` empties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patched {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_at: Option<Timestamp>,
    /// When the worker took note of it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub enqueued_at: Option<Option<Timestamp>>,
    /// When the worker killed the run.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub executed_at: Option<Option<Timestamp>>,
    pub at: Timestamp,
}

impl Patched {
    /// A patch that speaks of nothing.
    #[must_use]
    pub fn nothing(at: Timestamp) -> Self {
        Self {
            run: None,
            schedule_at: None,
            enqueued_at: None,
            executed_at: None,
            at,
        }
    }
}
