//! What a collection came to.

use domain::builds::build::{OutOfMemory, SkipReason, UsageRecorded};
use domain::builds::node::Described;
use jiff::Timestamp;

use crate::usage::Shortfall;

/// What a collection came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// What the build used is of no interest.
    Skipped {
        reason: SkipReason,
        /// What exactly was found.
        detail: String,
    },
    /// What it used cannot be known.
    Failed(Shortfall),
    /// What it used, and the machine it ran on.
    Recorded {
        usage: Box<UsageRecorded>,
        machine: Box<Described>,
    },
    OutOfMemory(Box<OutOfMemory>),
    /// It is too early to decide.
    NotYet(Timestamp),
}

impl Outcome {
    /// The label of its counter.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Skipped { .. } => "skipped",
            Self::Failed(_) => "failed",
            Self::Recorded { .. } => "recorded",
            Self::OutOfMemory(_) => "out_of_memory",
            Self::NotYet(_) => "not_yet",
        }
    }

    pub(super) fn skipped(reason: SkipReason, detail: &str) -> Self {
        let detail = detail.to_owned();
        Self::Skipped { reason, detail }
    }
}
