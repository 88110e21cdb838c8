//! From what a list of runs is narrowed to, to a question that the view has indexes for.

use std::collections::BTreeSet;
use std::ops::Bound;

use jiff::Timestamp;
use projections::jobs::roster::{JobEntry, Roster, Sight};
use projections::jobs::runs::{RunQuery, RunState, WorkerIs};

use super::{Filter, RunTest, State, Test};

impl Filter<RunTest> {
    /// The question; none when no run can pass.
    pub(crate) fn query(
        &self,
        state: Option<State>,
        roster: &Roster,
        sight: &Sight<'_>,
    ) -> Option<RunQuery> {
        let jobs: BTreeSet<u64> = roster
            .jobs()
            .values()
            .filter(|job| sight.sees_run(job.number) && self.admits_job(roster, job))
            .map(|job| job.number)
            .collect();
        if jobs.is_empty() {
            return None;
        }
        let mut query = RunQuery {
            jobs: Some(jobs),
            worker: self.worker(roster)?,
            is_manual: self.is_manual()?,
            ..RunQuery::default()
        };
        self.narrow_due(&mut query)?;
        if let Some(state) = state {
            state.narrow(&mut query);
        }
        Some(query)
    }

    fn admits_job(&self, roster: &Roster, job: &JobEntry) -> bool {
        let belongs = |project: i64| {
            let known = roster.project_of_job(job.number);
            known.is_some_and(|known| i64::try_from(known) == Ok(project))
        };
        let admitted = |test: &RunTest| match test {
            RunTest::Job(test) => test.admits(roster, Some(job)),
            _ => true,
        };
        self.project.is_none_or(belongs) && self.tests.iter().all(admitted)
    }

    /// The workers of the runs; `None` when no run can match.
    #[expect(
        clippy::option_option,
        reason = "any worker is one answer, and no possible one another"
    )]
    fn worker(&self, roster: &Roster) -> Option<Option<WorkerIs>> {
        let tests: Vec<_> = self
            .tests
            .iter()
            .filter_map(|test| match test {
                RunTest::Worker(test) => Some(test),
                _ => None,
            })
            .collect();
        if tests.is_empty() {
            return Some(None);
        }
        // Conditions that accept a missing worker accept no worker at all.
        if tests.iter().all(|test| test.admits(None)) {
            return Some(Some(WorkerIs::Unassigned));
        }
        let workers = roster.workers().values();
        let admitted: BTreeSet<u64> = workers
            .filter(|worker| tests.iter().all(|test| test.admits(Some(worker))))
            .map(|worker| worker.number)
            .collect();
        (!admitted.is_empty()).then_some(Some(WorkerIs::OneOf(admitted)))
    }

    /// Whether the runs are manual; `None` when no run can match.
    #[expect(
        clippy::option_option,
        reason = "both are one answer, and neither another"
    )]
    fn is_manual(&self) -> Option<Option<bool>> {
        let admits = |value: bool| {
            let mut tests = self.tests.iter();
            tests.all(|test| match test {
                RunTest::IsManual(test) => test.admits(Some(&value)),
                _ => true,
            })
        };
        match (admits(false), admits(true)) {
            (true, true) => Some(None),
            (false, true) => Some(Some(true)),
            (true, false) => Some(Some(false)),
            (false, false) => None,
        }
    }

    fn narrow_due(&self, query: &mut RunQuery) -> Option<()> {
        for test in &self.tests {
            let RunTest::ScheduleAt(test) = test else {
                continue;
            };
            match test {
                Test::Is(at) => among(query, BTreeSet::from([*at])),
                Test::In(times) => among(query, times.iter().copied().collect()),
                Test::Over(from) => not_before(query, Bound::Excluded(*from)),
                Test::AtLeast(from) => not_before(query, Bound::Included(*from)),
                Test::Under(until) => not_after(query, Bound::Excluded(*until)),
                Test::AtMost(until) => not_after(query, Bound::Included(*until)),
                Test::Between(from, until) => {
                    not_before(query, Bound::Included(*from));
                    not_after(query, Bound::Included(*until));
                }
                // Every run is due at some time, and no time is a text.
                Test::IsNull(false) => {}
                Test::IsNull(true)
                | Test::StartsWith(_)
                | Test::EndsWith(_)
                | Test::Contains(_) => return None,
            }
        }
        Some(())
    }
}

impl State {
    fn narrow(self, query: &mut RunQuery) {
        query.state = Some(match self {
            Self::Scheduled => RunState::Scheduled,
            Self::InQueue => RunState::InQueue,
            Self::Started => RunState::Started,
            Self::Completed
            | Self::CompletedSuccessful
            | Self::CompletedWithError
            | Self::LastCompleted => RunState::Completed,
        });
        query.success = match self {
            Self::CompletedSuccessful => Some(true),
            Self::CompletedWithError => Some(false),
            _ => None,
        };
        query.last_completed = self == Self::LastCompleted;
    }
}

fn among(query: &mut RunQuery, times: BTreeSet<Timestamp>) {
    query.due_at = Some(match query.due_at.take() {
        Some(known) => known.intersection(&times).copied().collect(),
        None => times,
    });
}

fn not_before(query: &mut RunQuery, from: Bound<Timestamp>) {
    let key = |bound: Bound<Timestamp>| match bound {
        Bound::Unbounded => None,
        Bound::Included(at) => Some((at, false)),
        Bound::Excluded(at) => Some((at, true)),
    };
    if key(from) > key(query.due_from) {
        query.due_from = from;
    }
}

fn not_after(query: &mut RunQuery, until: Bound<Timestamp>) {
    let key = |bound: Bound<Timestamp>| match bound {
        Bound::Unbounded => (Timestamp::MAX, true, true),
        Bound::Included(at) => (at, true, false),
        Bound::Excluded(at) => (at, false, false),
    };
    if key(until) < key(query.due_until) {
        query.due_until = until;
    }
}
