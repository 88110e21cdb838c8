//! What may have happened to a run.

#![expect(missing_docs, reason = "fields are named as on the wire")]

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::change::patch;
use crate::kernel::event::events;

events! {
    /// What may have happened to a run. Streams: `run-<number>`, and `run-occasion:<schedule id>`
    /// for what concerns all runs of one occasion.
    RunEvent {
        Scheduled(Scheduled) = "run.scheduled" v 2 [by_hand],
        /// It was replaced by one run for each worker of its pool, and is no more.
        Spread(Spread) = "run.spread" v 1,
        /// The next occasion of its job was scheduled after it.
        Followed(Followed) = "run.followed" v 1,
        /// There is no time for a next occasion, which is mailed.
        NotFollowed(NotFollowed) = "run.not_followed" v 1,
        /// A worker took it.
        Claimed(Claimed) = "run.claimed" v 1,
        /// Its worker began to execute it.
        Started(Started) = "run.started" v 1,
        /// Its worker reported its process id.
        PidReported(PidReported) = "run.pid_reported" v 1,
        /// It took longer than its job allows, and is to be killed.
        TimedOut(TimedOut) = "run.timed_out" v 1,
        /// Its kill was requested: it is not retried.
        KillRequested(KillRequested) = "run.kill_requested" v 1 [by_hand],
        /// Its worker reported that it is over.
        Returned(Returned) = "run.returned" v 1 [by_hand],
        /// Its worker is silent, or a person ended it, so it counts as failed.
        GivenUp(GivenUp) = "run.given_up" v 1 [by_hand],
        /// It failed, and its job tries again: another run takes its place, and what follows from
        /// the occasion follows from that one.
        Retried(Retried) = "run.retried" v 1,
        /// It is not over after all.
        Reopened(Reopened) = "run.reopened" v 1 [by_hand],
        /// Its worker lost it and wants it again.
        Reset(Reset) = "run.reset" v 1,
        /// A user changed fields of it.
        Patched(Patched) = "run.patched" v 1 [by_hand],
        /// A run belongs to the occasion.
        SiblingAdded(SiblingAdded) = "run.sibling_added" v 1,
        /// A run of the occasion is over.
        SiblingReturned(SiblingReturned) = "run.sibling_returned" v 1,
        /// A run of the occasion gave its place to another.
        SiblingReplaced(SiblingReplaced) = "run.sibling_replaced" v 1,
        /// A run of the occasion is not over after all.
        SiblingReopened(SiblingReopened) = "run.sibling_reopened" v 1,
    }
}

/// Why a run was scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Requested by a user.
    Asked,
    /// Its job repeats, and this run was the occasion before.
    FollowUp { run: u64 },
    /// Its job runs after another, of which this was the last run of an occasion.
    Child { run: u64 },
    /// Its job runs on all workers, and this run was spread.
    Sibling { run: u64 },
    /// This run failed, and its job tries again.
    Retry {
        run: u64,
        /// Attempt number, starting at 2: the first attempt has another origin.
        attempt: u32,
    },
}

/// `run.scheduled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    pub number: u64,
    pub job: u64,
    /// The number of the occasion: of the first run there was of it, which is this one unless that
    /// was spread, or failed and is tried again.
    pub schedule_id: u64,
    pub schedule_at: Timestamp,
    /// The number of the only worker that may execute it, if that is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u64>,
    /// Whether it was requested by hand.
    pub is_manual: bool,
    /// Whether the job's children run after it.
    pub schedule_children: bool,
    pub origin: Origin,
    pub at: Timestamp,
}

/// One of the runs into which another was spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub run: u64,
    pub worker: u64,
}

/// `run.spread`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    pub into: Vec<Share>,
    pub at: Timestamp,
}

/// `run.followed`. A run is followed once, so a job does not get two next occasions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// The run of the next occasion.
    pub by: u64,
    pub at: Timestamp,
}

/// `run.not_followed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotFollowed {
    pub at: Timestamp,
}

/// `run.claimed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    pub worker: u64,
    /// When, by that worker's clock.
    pub enqueued_at: Timestamp,
    /// The previous worker. Its next report about the run is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_from: Option<u64>,
    pub at: Timestamp,
}

/// `run.started`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// When, by the worker's clock.
    pub started_at: Timestamp,
    pub at: Timestamp,
}

/// `run.pid_reported`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PidReported {
    /// The process id on the worker's machine.
    pub pid: i64,
    pub at: Timestamp,
}

/// `run.timed_out`. Once for each start, together with the kill request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedOut {
    /// How long it may take.
    pub limit_seconds: u32,
    pub kill_request: u64,
    pub at: Timestamp,
}

/// `run.kill_requested`. Once: a second request adds nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillRequested {
    pub kill_request: u64,
    pub at: Timestamp,
}

/// `run.returned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// When, by the worker's clock.
    pub returned_at: Timestamp,
    /// Whether it succeeded; none when the worker did not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    pub at: Timestamp,
}

/// `run.given_up`. It counts as claimed and started at this time if it was neither, and as failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Why, for people.
    pub reason: String,
    pub at: Timestamp,
}

/// `run.retried`. A run is tried again once; the next attempt is another run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retried {
    /// The run that takes its place.
    pub by: u64,
    /// The attempt number of that run.
    pub attempt: u32,
    pub at: Timestamp,
}

/// `run.reopened`. When it returns again, that counts again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    pub at: Timestamp,
}

/// `run.reset`. It waits again, for the same worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    pub at: Timestamp,
}

/// `run.patched`: what is not spoken of stays, `null` empties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patched {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_at: Option<Timestamp>,
    /// Who executes it. Old clients cannot empty this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub enqueued_at: Option<Option<Timestamp>>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub started_at: Option<Option<Timestamp>>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub returned_at: Option<Option<Timestamp>>,
    /// Whether it went well.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub success: Option<Option<bool>>,
    /// The process id on the worker's machine.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "patch")]
    pub pid: Option<Option<i64>>,
    /// Whether it was requested by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_manual: Option<bool>,
    /// Whether the job's children run after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_children: Option<bool>,
    pub at: Timestamp,
}

/// `run.sibling_added`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiblingAdded {
    pub run: u64,
    pub at: Timestamp,
}

/// `run.sibling_returned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiblingReturned {
    pub run: u64,
    /// Whether it succeeded; none when its worker did not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// How many others of the occasion are not over. None: the occasion is.
    pub open: u64,
    /// Whether any other of the occasion failed.
    pub sibling_failed: bool,
    pub at: Timestamp,
}

/// `run.sibling_replaced`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiblingReplaced {
    pub run: u64,
    /// The run that takes its place.
    pub by: u64,
    pub at: Timestamp,
}

/// `run.sibling_reopened`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiblingReopened {
    pub run: u64,
    pub at: Timestamp,
}

impl Origin {
    /// The attempt number of a run of this origin, starting at 1.
    #[must_use]
    pub fn attempt(self) -> u32 {
        match self {
            Self::Retry { attempt, .. } => attempt,
            Self::Asked | Self::FollowUp { .. } | Self::Child { .. } | Self::Sibling { .. } => 1,
        }
    }

    /// The run of which it is another attempt.
    #[must_use]
    pub fn retry_of(self) -> Option<u64> {
        match self {
            Self::Retry { run, .. } => Some(run),
            _ => None,
        }
    }
}

impl RunEvent {
    /// The outcome, if this event ends the run. The consequences of a return follow from it alone:
    /// a run has one such event, however often its worker reports.
    #[must_use]
    pub fn outcome(&self) -> Option<Option<bool>> {
        match self {
            Self::Returned(data) => Some(data.success),
            Self::GivenUp(_) => Some(Some(false)),
            _ => None,
        }
    }
}

impl Patched {
    /// A patch that speaks of nothing.
    #[must_use]
    pub fn nothing(at: Timestamp) -> Self {
        Self {
            job: None,
            schedule_id: None,
            schedule_at: None,
            worker: None,
            enqueued_at: None,
            started_at: None,
            returned_at: None,
            success: None,
            pid: None,
            is_manual: None,
            schedule_children: None,
            at,
        }
    }

    /// Whether it speaks of nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::nothing(self.at)
    }
}
