//! What may have happened with answers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::events;

events! {
    /// What may have happened with answers. Streams: `allocation-<package>`.
    AllocationEvent {
        /// Somebody asked and was answered.
        Answered(Answered) = "allocation.answered" v 1,
    }
}

/// `allocation.answered`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// What was asked about, as it was asked.
    pub spec: String,
    /// The strategy that answered.
    pub strategy: String,
    /// Cores that were advised.
    pub cpu_request: f64,
    /// Bytes that were advised.
    pub memory_request: f64,
    /// What the answer rests on, in the strategy's words.
    pub level: String,
    /// The position of the log that the model had learnt from.
    pub learnt_to: u64,
    /// When.
    pub at: Timestamp,
}
