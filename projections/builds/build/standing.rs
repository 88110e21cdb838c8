//! Which of two reports defines the status of a build.

use domain::builds::build::{BuildStatus, Reported};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::stored::time;

/// The progress of a build by a report. The greatest one counts, in any order of arrival.
///
/// First the rank of the status, then the times in the body, then the order that statuses usually
/// have, and their text at last, so that two different reports of one build never have the same
/// rank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Standing {
    rank: u8,
    #[serde(with = "time::option")]
    finished_at: Option<Timestamp>,
    #[serde(with = "time::option")]
    started_at: Option<Timestamp>,
    #[serde(with = "time::option")]
    created_at: Option<Timestamp>,
    usual: u8,
    status: String,
}

impl Standing {
    pub(crate) fn of(reported: &Reported) -> Self {
        let status = BuildStatus::parse(&reported.status);
        Self {
            rank: status.rank(),
            finished_at: reported.finished_at,
            started_at: reported.started_at,
            created_at: reported.created_at,
            usual: usual(&status),
            status: reported.status.clone(),
        }
    }
}

/// The place of a status among those of its rank, as builds usually pass through them.
fn usual(status: &BuildStatus) -> u8 {
    match status {
        BuildStatus::Other(_) => 0,
        BuildStatus::Created => 1,
        BuildStatus::Manual => 2,
        BuildStatus::Scheduled => 3,
        BuildStatus::WaitingForCallback => 4,
        BuildStatus::WaitingForResource => 5,
        BuildStatus::Preparing => 6,
        BuildStatus::Pending | BuildStatus::Running => 7,
        BuildStatus::Canceling => 8,
        BuildStatus::Skipped => 9,
        BuildStatus::Canceled => 10,
        BuildStatus::Failed => 11,
        BuildStatus::Success => 12,
    }
}
