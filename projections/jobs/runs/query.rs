//! Which runs a list is about.

use std::collections::BTreeSet;
use std::ops::Bound;

use jiff::Timestamp;

use super::index::{Brief, Outcome};
use super::{RunRow, RunState};

/// Which runs a list is about; every condition must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunQuery {
    /// Runs of these jobs: those that the caller sees, those of a project. None: of any job.
    pub jobs: Option<BTreeSet<u64>>,
    /// How they stand.
    pub state: Option<RunState>,
    /// Whether their worker said that they went well, or badly.
    pub success: Option<bool>,
    /// Only those that are over and belong to the last completed occasion of a job.
    pub last_completed: bool,
    /// Who executes them, or is to.
    pub worker: Option<WorkerIs>,
    /// Whether a person asked for them.
    pub is_manual: Option<bool>,
    /// When they are due, by microseconds: not before this.
    pub due_from: Bound<Timestamp>,
    /// … and not after this.
    pub due_until: Bound<Timestamp>,
    /// … and at one of these times.
    pub due_at: Option<BTreeSet<Timestamp>>,
    /// The occasions they belong to.
    pub schedule_ids: Option<BTreeSet<u64>>,
}

/// Who executes a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerIs {
    /// No worker yet.
    Unassigned,
    /// Some worker.
    Assigned,
    OneOf(BTreeSet<u64>),
}

impl Default for RunQuery {
    fn default() -> Self {
        Self {
            jobs: None,
            state: None,
            success: None,
            last_completed: false,
            worker: None,
            is_manual: None,
            due_from: Bound::Unbounded,
            due_until: Bound::Unbounded,
            due_at: None,
            schedule_ids: None,
        }
    }
}

impl RunQuery {
    /// Whether a run is one of them. What is last completed says the caller.
    pub(super) fn admits(&self, row: &RunRow) -> bool {
        let due_at = row.schedule_at.as_microsecond();
        self.state.is_none_or(|state| row.state() == state)
            && self
                .success
                .is_none_or(|success| row.success == Some(success))
            && self
                .schedule_ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&row.schedule_id))
            && self.admits_brief(&Brief::of(row), due_at)
    }

    /// The same as far as an entry of an index tells.
    pub(super) fn admits_brief(&self, brief: &Brief, due_at: i64) -> bool {
        self.jobs
            .as_ref()
            .is_none_or(|jobs| jobs.contains(&brief.job))
            && self
                .is_manual
                .is_none_or(|is_manual| brief.is_manual == is_manual)
            && self
                .worker
                .as_ref()
                .is_none_or(|worker| worker.is(brief.worker))
            && self.admits_due(due_at)
    }

    fn admits_due(&self, due_at: i64) -> bool {
        let from = match self.due_from.map(Timestamp::as_microsecond) {
            Bound::Included(from) => due_at >= from,
            Bound::Excluded(from) => due_at > from,
            Bound::Unbounded => true,
        };
        let until = match self.due_until.map(Timestamp::as_microsecond) {
            Bound::Included(until) => due_at <= until,
            Bound::Excluded(until) => due_at < until,
            Bound::Unbounded => true,
        };
        let among = |times: &BTreeSet<Timestamp>| {
            let mut times = times.iter().map(|at| at.as_microsecond());
            times.any(|at| at == due_at)
        };
        from && until && self.due_at.as_ref().is_none_or(among)
    }

    /// Whether runs that are over can be among them.
    pub(super) fn includes_over(&self) -> bool {
        self.state.is_none_or(|state| state == RunState::Completed)
    }

    /// Whether runs that are not over can be among them.
    pub(super) fn includes_open(&self) -> bool {
        self.state != Some(RunState::Completed) && !self.last_completed
    }

    /// Whether it says anything about when runs are due.
    pub(super) fn is_about_due(&self) -> bool {
        self.due_at.is_some()
            || self.due_from != Bound::Unbounded
            || self.due_until != Bound::Unbounded
    }

    /// The ways to end that are asked for.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        let wanted = self.success.map(|success| Outcome::of(Some(success)));
        Outcome::ALL
            .into_iter()
            .filter(move |outcome| wanted.is_none_or(|wanted| wanted == *outcome))
    }
}

impl WorkerIs {
    pub(super) fn is(&self, worker: Option<u64>) -> bool {
        match self {
            Self::Unassigned => worker.is_none(),
            Self::Assigned => worker.is_some(),
            Self::OneOf(workers) => worker.is_some_and(|worker| workers.contains(&worker)),
        }
    }
}
