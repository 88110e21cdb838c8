//! What is known of one run.

use std::ops::Deref;

use domain::jobs::run::{Origin, RunEvent, RunFacts, Scheduled};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::Envelope;
use crate::engine::stored::time;

/// What is known of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    pub number: u64,
    /// The state that decisions depend on.
    pub facts: RunFacts,
    /// Why it was scheduled.
    pub origin: Origin,
    /// The run of the next occasion of its job, if one was scheduled after it.
    pub followed_by: Option<u64>,
    /// The run that took its place, if it failed and was tried again.
    pub retried_by: Option<u64>,
    /// Why it was given up, if that is how it ended: its worker fell silent, or a person ended it.
    /// A later report of its end takes precedence.
    pub given_up: Option<String>,
    /// Why it was given up before a later report of its end, or of its continuation.
    pub given_up_earlier: Option<String>,
    pub run_log: Option<u64>,
    pub kill_requests: u64,
    /// The last event about it.
    pub position: Position,
    /// When the log took that.
    #[serde(with = "time")]
    pub updated_at: Timestamp,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunState {
    Scheduled,
    /// A worker has claimed it.
    InQueue,
    /// A worker executes it.
    Started,
    Completed,
}

impl RunState {
    /// Every state, in the order of a run's life.
    pub const ALL: [Self; 4] = [
        Self::Scheduled,
        Self::InQueue,
        Self::Started,
        Self::Completed,
    ];

    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::InQueue => "in_queue",
            Self::Started => "started",
            Self::Completed => "completed",
        }
    }
}

impl RunRow {
    /// How it stands. A run that was taken back from its worker is scheduled again, even when it had returned.
    #[must_use]
    pub fn state(&self) -> RunState {
        match (self.enqueued_at, self.started_at, self.returned_at) {
            (None, _, _) => RunState::Scheduled,
            (Some(_), None, _) => RunState::InQueue,
            (Some(_), Some(_), None) => RunState::Started,
            (Some(_), Some(_), Some(_)) => RunState::Completed,
        }
    }

    /// Whether it is with a worker: claimed, and not returned.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.enqueued_at.is_some() && self.returned_at.is_none()
    }

    /// Whether a kill could reach it: it has a process, and has not returned.
    #[must_use]
    pub fn has_process(&self) -> bool {
        self.pid.is_some()
            && self.pid_is_current
            && self.worker.is_some()
            && self.started_at.is_some()
            && self.returned_at.is_none()
    }

    /// Whether it is another attempt at an occasion that had a run before.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        self.origin.retry_of().is_some()
    }

    pub(super) fn planned(number: u64, data: &Scheduled, envelope: &Envelope<'_>) -> Self {
        Self {
            number,
            facts: RunFacts::planned(data),
            origin: data.origin,
            followed_by: None,
            retried_by: None,
            given_up: None,
            given_up_earlier: None,
            run_log: None,
            kill_requests: 0,
            position: envelope.position,
            updated_at: envelope.recorded_at,
        }
    }

    fn take_back_giving_up(&mut self) {
        if let Some(reason) = self.given_up.take() {
            self.given_up_earlier = Some(reason);
        }
    }

    /// Takes note of when the log last spoke of it. Who tells the past reads one stream after the other.
    pub(super) fn heard(&mut self, envelope: &Envelope<'_>) {
        if envelope.position > self.position {
            (self.position, self.updated_at) = (envelope.position, envelope.recorded_at);
        }
    }

    /// Takes note of what has happened to it.
    pub(super) fn evolve(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Followed(data) => self.followed_by = Some(data.by),
            RunEvent::Retried(data) => self.retried_by = Some(data.by),
            RunEvent::GivenUp(data) => self.given_up = Some(data.reason.clone()),
            RunEvent::Reopened(_) => self.take_back_giving_up(),
            // A later report of its end: it was not given up then, although the consequences stay.
            RunEvent::Patched(data) if data.returned_at.is_some() || data.success.is_some() => {
                self.take_back_giving_up();
            }
            _ => {}
        }
        self.facts.evolve(event);
    }
}

/// The fields of the state are read as those of the row.
impl Deref for RunRow {
    type Target = RunFacts;

    fn deref(&self) -> &RunFacts {
        &self.facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stored;
    use crate::testing::at;

    /// Rows of shape 4 are read as they are: another layout needs another shape.
    #[test]
    fn a_run_is_stored_field_by_field() {
        let row = RunRow {
            number: 1,
            facts: RunFacts {
                job: 2,
                schedule_id: 3,
                schedule_at: at(4),
                worker: Some(5),
                enqueued_at: Some(at(6)),
                started_at: Some(at(7)),
                returned_at: None,
                success: Some(true),
                pid: Some(-8),
                pid_is_current: true,
                start_heard_at: Some(at(9)),
                timed_out: None,
                is_manual: true,
                schedule_children: false,
            },
            origin: Origin::Asked,
            followed_by: Some(10),
            retried_by: None,
            given_up: None,
            given_up_earlier: Some("silent".to_owned()),
            run_log: Some(11),
            kill_requests: 12,
            position: Position(13),
            updated_at: at(14),
        };
        let time = |second| (at(second).as_second(), 0_i32);
        let none = None::<()>;
        let facts = (
            2_u64,
            3_u64,
            time(4),
            Some(5_u64),
            Some(time(6)),
            Some(time(7)),
        );
        let ended = (none, Some(true), Some(-8_i64), true, Some(time(9)), none);
        let rest = (
            Some(10_u64),
            none,
            none,
            Some("silent"),
            Some(11_u64),
            12_u64,
        );
        let last = (13_u64, time(14));
        let fields = (1_u64, facts, ended, (true, false), row.origin, rest, last);
        assert_eq!(stored::encode(&row), stored::encode(&fields));
    }
}
