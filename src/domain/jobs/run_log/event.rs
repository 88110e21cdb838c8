//! What may have happened to a log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::event::events;
use crate::{BlobRef, LongText};

events! {
    /// What may have happened to a log. Streams: `run_log-<number of the run>`.
    RunLogEvent {
        Written(Written) = "run_log.written" v 1 [blobs],
        Replaced(Replaced) = "run_log.replaced" v 1 [by_hand, blobs],
    }
}

/// `run_log.written`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub number: u64,
    pub run: u64,
    /// What the run printed, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<LongText>,
    pub at: Timestamp,
}

impl Written {
    pub(crate) fn blobs(&self) -> Vec<&BlobRef> {
        self.content.iter().filter_map(LongText::blob).collect()
    }
}

/// `run_log.replaced`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// What the run printed, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<LongText>,
    pub at: Timestamp,
}

impl Replaced {
    pub(crate) fn blobs(&self) -> Vec<&BlobRef> {
        self.content.iter().filter_map(LongText::blob).collect()
    }
}
