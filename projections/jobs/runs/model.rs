//! What is held in memory: every run that is not over, and how many are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::index::Class;
use super::kills::KillRequestRow;
use super::place::{self, Place};
use super::{RunRow, RunState};

/// Runs that are not over, in every listed order; counts of the others; and the runs of the last
/// completed occasions.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) open: BTreeMap<u64, Arc<RunRow>>,
    /// By state, in the order of lists.
    by_place: BTreeSet<(RunState, Place)>,
    by_job: BTreeMap<u64, BTreeSet<u64>>,
    by_worker: BTreeMap<u64, BTreeSet<u64>>,
    /// The highest run number: none above it is searched in the table.
    pub(super) highest: u64,
    /// Unclaimed runs by their due time, in microseconds.
    pub(super) waiting: BTreeSet<(i64, u64)>,

    /// Over since the last flush. The table may not have them yet, so memory answers.
    pub(super) settled: BTreeMap<u64, Arc<RunRow>>,
    /// Were over before the last flush, and are no longer. The table may still show them as over.
    pub(super) reopened: BTreeSet<u64>,

    /// How many runs are over.
    pub(super) counts: BTreeMap<Class, u64>,

    /// The occasion that each job completed last.
    last: BTreeMap<u64, u64>,
    /// The runs of these occasions that are over. Of several attempts, the last.
    latest: BTreeMap<u64, Latest>,

    /// Kill requests of which no worker has taken note.
    pub(super) kills: BTreeMap<u64, KillRequestRow>,
    /// How many kill requests there are for the runs of each job; none: for unknown runs.
    pub(super) kill_counts: BTreeMap<Option<u64>, u64>,
    pub(super) log_counts: BTreeMap<Option<u64>, u64>,
}

/// The runs of an occasion that is the last of some job.
#[derive(Debug, Default)]
struct Latest {
    /// Of how many jobs: of one, unless a run was patched.
    jobs: usize,
    runs: BTreeMap<u64, Arc<RunRow>>,
}

impl Model {
    /// Begins a flush: the changes of the last one are now in the table.
    pub(super) fn settle(&mut self) {
        self.settled.clear();
        self.reopened.clear();
    }

    pub(super) fn replace(&mut self, before: Option<&RunRow>, after: Option<Arc<RunRow>>) {
        if let Some(before) = before {
            self.forget(before);
        }
        let was_over = before.is_some_and(|before| before.state() == RunState::Completed);
        if let Some(before) = before.filter(|_| was_over)
            && let Some(latest) = self.latest.get_mut(&before.schedule_id)
        {
            latest.runs.remove(&before.number);
        }
        let Some(after) = after else {
            if let Some(before) = before.filter(|_| was_over) {
                self.reopened.insert(before.number);
            }
            return;
        };
        if after.state() == RunState::Completed {
            if after.retried_by.is_none()
                && let Some(latest) = self.latest.get_mut(&after.schedule_id)
            {
                latest.runs.insert(after.number, Arc::clone(&after));
            }
            self.settled.insert(after.number, after);
            return;
        }
        if was_over {
            self.reopened.insert(after.number);
        }
        self.remember(after);
    }

    fn remember(&mut self, row: Arc<RunRow>) {
        let number = row.number;
        self.by_place.insert((row.state(), place::place(&row)));
        self.by_job.entry(row.job).or_default().insert(number);
        if let Some(worker) = row.worker {
            self.by_worker.entry(worker).or_default().insert(number);
        }
        if row.enqueued_at.is_none() {
            self.waiting
                .insert((row.schedule_at.as_microsecond(), number));
        }
        self.open.insert(number, row);
    }

    fn forget(&mut self, row: &RunRow) {
        let number = row.number;
        if self.open.remove(&number).is_none() {
            return;
        }
        self.by_place.remove(&(row.state(), place::place(row)));
        remove(&mut self.by_job, row.job, number);
        if let Some(worker) = row.worker {
            remove(&mut self.by_worker, worker, number);
        }
        self.waiting
            .remove(&(row.schedule_at.as_microsecond(), number));
    }

    /// Takes note that a job completed another occasion; `load` finds the runs of that one which are over.
    pub(super) fn complete(
        &mut self,
        job: u64,
        schedule_id: u64,
        load: impl FnOnce() -> Vec<RunRow>,
    ) {
        let before = self.last.insert(job, schedule_id);
        if before == Some(schedule_id) {
            return;
        }
        let latest = self.latest.entry(schedule_id).or_default();
        latest.jobs += 1;
        if latest.jobs == 1 {
            let runs = load().into_iter();
            let runs = runs.filter(|row| row.retried_by.is_none());
            latest.runs = runs.map(|row| (row.number, Arc::new(row))).collect();
        }
        if let Some(before) = before
            && let Some(latest) = self.latest.get_mut(&before)
        {
            latest.jobs -= 1;
            if latest.jobs == 0 {
                self.latest.remove(&before);
            }
        }
    }

    /// The runs of the last completed occasions of all jobs.
    pub(super) fn latest(&self) -> impl Iterator<Item = &Arc<RunRow>> {
        self.latest.values().flat_map(|latest| latest.runs.values())
    }

    /// The last completed occasion of a job.
    pub(super) fn last(&self, job: u64) -> Option<u64> {
        self.last.get(&job).copied()
    }

    /// The runs of a job that are not over, by number.
    pub(super) fn open_of_job(&self, job: u64) -> impl Iterator<Item = &Arc<RunRow>> {
        self.numbered(self.by_job.get(&job))
    }

    /// The runs of a worker that are not over, by number.
    pub(super) fn open_of_worker(&self, worker: u64) -> impl Iterator<Item = &Arc<RunRow>> {
        self.numbered(self.by_worker.get(&worker))
    }

    /// The runs in this state, in the order of lists.
    pub(super) fn open_in(&self, state: RunState) -> impl Iterator<Item = &Arc<RunRow>> {
        let from = (state, place::FIRST);
        let within = self.by_place.range(from..);
        within
            .take_while(move |(of, _)| *of == state)
            .filter_map(|(_, place)| self.open.get(&place::number_at(place)))
    }

    fn numbered<'m>(
        &'m self,
        numbers: Option<&'m BTreeSet<u64>>,
    ) -> impl Iterator<Item = &'m Arc<RunRow>> {
        let numbers = numbers.into_iter().flatten();
        numbers.filter_map(|number| self.open.get(number))
    }
}

fn remove(index: &mut BTreeMap<u64, BTreeSet<u64>>, key: u64, number: u64) {
    if let Some(numbers) = index.get_mut(&key) {
        numbers.remove(&number);
        if numbers.is_empty() {
            index.remove(&key);
        }
    }
}

/// Adds to a count, which is there as long as it is not 0.
pub(super) fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, by: i64) {
    let count = counts.entry(key);
    match count {
        std::collections::btree_map::Entry::Vacant(place) => {
            if let Ok(by @ 1..) = u64::try_from(by) {
                place.insert(by);
            }
        }
        std::collections::btree_map::Entry::Occupied(mut place) => {
            *place.get_mut() = place.get().saturating_add_signed(by);
            if *place.get() == 0 {
                place.remove();
            }
        }
    }
}
