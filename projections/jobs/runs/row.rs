//! What is known of one run.

use domain::jobs::run::{Origin, RunEvent, RunFacts, Scheduled, TimedOut};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::Envelope;
use crate::engine::stored::time;

/// What is known of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its number.
    pub number: u64,
    /// The job it executes.
    pub job: u64,
    /// The occasion it belongs to.
    pub schedule_id: u64,
    /// When it is due.
    #[serde(with = "time")]
    pub schedule_at: Timestamp,
    /// Who executes it, or is to.
    pub worker: Option<u64>,
    /// When it was claimed.
    #[serde(with = "time::option")]
    pub enqueued_at: Option<Timestamp>,
    /// When it was started.
    #[serde(with = "time::option")]
    pub started_at: Option<Timestamp>,
    /// When it was over.
    #[serde(with = "time::option")]
    pub returned_at: Option<Timestamp>,
    /// Whether it went well.
    pub success: Option<bool>,
    /// The process id on the worker's machine.
    pub pid: Option<i64>,
    /// Whether that is the process of its last start.
    pub pid_is_current: bool,
    /// When we heard of its last start.
    #[serde(with = "time::option")]
    pub start_heard_at: Option<Timestamp>,
    /// That it took too long since then.
    pub timed_out: Option<TimedOut>,
    /// Whether a person asked for it.
    pub is_manual: bool,
    /// Whether the job's children run after it.
    pub schedule_children: bool,
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
    /// The number of its log.
    pub run_log: Option<u64>,
    /// The number of its kill requests.
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
    /// Unclaimed.
    Scheduled,
    /// A worker has claimed it.
    InQueue,
    /// A worker executes it.
    Started,
    /// It is over.
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

    /// What decisions about it rest on.
    #[must_use]
    pub fn facts(&self) -> RunFacts {
        RunFacts {
            job: self.job,
            schedule_id: self.schedule_id,
            schedule_at: self.schedule_at,
            worker: self.worker,
            enqueued_at: self.enqueued_at,
            started_at: self.started_at,
            returned_at: self.returned_at,
            success: self.success,
            pid: self.pid,
            pid_is_current: self.pid_is_current,
            start_heard_at: self.start_heard_at,
            timed_out: self.timed_out,
            is_manual: self.is_manual,
            schedule_children: self.schedule_children,
        }
    }

    pub(super) fn planned(number: u64, data: &Scheduled, envelope: &Envelope<'_>) -> Self {
        Self {
            number,
            job: data.job,
            schedule_id: data.schedule_id,
            schedule_at: data.schedule_at,
            worker: data.worker,
            enqueued_at: None,
            started_at: None,
            returned_at: None,
            success: None,
            pid: None,
            pid_is_current: false,
            start_heard_at: None,
            timed_out: None,
            is_manual: data.is_manual,
            schedule_children: data.schedule_children,
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
        let mut facts = self.facts();
        facts.evolve(event);
        let RunFacts {
            job,
            schedule_id,
            schedule_at,
            worker,
            enqueued_at,
            started_at,
            returned_at,
            success,
            pid,
            pid_is_current,
            start_heard_at,
            timed_out,
            is_manual,
            schedule_children,
        } = facts;
        self.job = job;
        self.schedule_id = schedule_id;
        self.schedule_at = schedule_at;
        self.worker = worker;
        self.enqueued_at = enqueued_at;
        self.started_at = started_at;
        self.returned_at = returned_at;
        self.success = success;
        self.pid = pid;
        self.pid_is_current = pid_is_current;
        self.start_heard_at = start_heard_at;
        self.timed_out = timed_out;
        self.is_manual = is_manual;
        self.schedule_children = schedule_children;
    }
}
