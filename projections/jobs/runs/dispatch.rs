//! The frequent queries of dispatchers, health checks and dashboards.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use tables::Range;

use super::kills;
use super::model::Model;
use super::{KillRequestRow, RunLogRow, RunRow, RunState, Runs, index, logs};
use crate::engine::Answer;

impl Model {
    /// The counts of the runs of a job that are over.
    pub(super) fn counts_of(&self, job: u64) -> impl Iterator<Item = (&index::Class, &u64)> {
        let class = |outcome, is_manual| index::Class {
            job,
            outcome,
            is_manual,
        };
        let first = class(index::Outcome::Failed, false);
        let last = class(index::Outcome::Unknown, true);
        self.counts.range(first..=last)
    }
}

impl Runs {
    /// The unclaimed runs that are due at `now`, by due time.
    #[must_use]
    pub fn waiting(&self, now: Timestamp, limit: usize) -> Vec<Arc<RunRow>> {
        let model = self.model.read();
        let due = model.waiting.range(..=(now.as_microsecond(), u64::MAX));
        due.filter_map(|(_, number)| model.open.get(number))
            .take(limit)
            .cloned()
            .collect()
    }

    /// When the next run is due after `now`; those that are due already wait for a worker.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let model = self.model.read();
        let due = Bound::Excluded((now.as_microsecond(), u64::MAX));
        let (_, number) = model.waiting.range((due, Bound::Unbounded)).next()?;
        model.open.get(number).map(|row| row.schedule_at)
    }

    /// The unclaimed runs that are due after `now` and were recorded at a time after `now`, while
    /// the clock was ahead.
    #[must_use]
    pub fn recorded_later(&self, now: Timestamp) -> Vec<Arc<RunRow>> {
        let model = self.model.read();
        let due = Bound::Excluded((now.as_microsecond(), u64::MAX));
        let later = model.waiting.range((due, Bound::Unbounded));
        let later = later.filter_map(|(_, number)| model.open.get(number));
        later.filter(|row| row.updated_at > now).cloned().collect()
    }

    /// Whether a run is unclaimed.
    #[must_use]
    pub fn is_waiting(&self, run: u64) -> bool {
        let model = self.model.read();
        let run = model.open.get(&run);
        run.is_some_and(|row| row.state() == RunState::Scheduled)
    }

    /// The regular runs of a job before one of them, the newest first, and when each was due. At most so many.
    pub fn regular_before(
        &self,
        job: u64,
        run: u64,
        limit: usize,
    ) -> Answer<Vec<(u64, Timestamp)>> {
        let regular = index::regular(job);
        let found = self
            .reader
            .scan(Range::prefix(&regular).reverse().limit(limit))?;
        let mut runs = Vec::new();
        for (key, value) in &found {
            let number = key.last_chunk().map(|number| u64::from_be_bytes(*number));
            let (seconds, nanoseconds): (i64, i32) = self.reader.decode(value)?;
            let at = Timestamp::new(seconds, nanoseconds).ok();
            runs.extend(number.zip(at).filter(|(number, _)| *number < run));
        }
        Ok(runs)
    }

    /// The runs that are with workers, claimed and not returned, by number.
    #[must_use]
    pub fn active(&self) -> Vec<Arc<RunRow>> {
        let model = self.model.read();
        let states = [RunState::InQueue, RunState::Started];
        let active = states.into_iter().flat_map(|state| model.open_in(state));
        let active = active.filter(|row| row.is_active());
        let mut active: Vec<Arc<RunRow>> = active.cloned().collect();
        active.sort_by_key(|row| row.number);
        active
    }

    /// The occasions of a job that have a run which has not returned. One of which only another attempt is left was
    /// followed before the first was sent, and is no reason not to follow another.
    #[must_use]
    pub fn open_schedule_ids(&self, job: u64) -> BTreeSet<u64> {
        let model = self.model.read();
        let open = model
            .open_of_job(job)
            .filter(|row| row.returned_at.is_none() && !row.is_retry());
        open.map(|row| row.schedule_id).collect()
    }

    /// The time from which the next occasion of a job is counted: when its youngest run was due,
    /// manual runs and retries excepted. Youngest by its number; none when there was no such run.
    pub fn reference(&self, job: u64) -> Answer<Option<Timestamp>> {
        let regular = index::regular(job);
        let found = self
            .reader
            .scan(Range::prefix(&regular).reverse().limit(1))?;
        let Some((_, value)) = found.first() else {
            return Ok(None);
        };
        let (seconds, nanoseconds): (i64, i32) = self.reader.decode(value)?;
        Ok(Timestamp::new(seconds, nanoseconds).ok())
    }

    /// The runs of a worker that have not returned, by number; also those that it has not claimed.
    #[must_use]
    pub fn open_of_worker(&self, worker: u64) -> Vec<Arc<RunRow>> {
        let model = self.model.read();
        let open = model.open_of_worker(worker);
        open.filter(|row| row.returned_at.is_none())
            .cloned()
            .collect()
    }

    /// The unclaimed runs of a job, by due time.
    #[must_use]
    pub fn scheduled_of_job(&self, job: u64) -> Vec<Arc<RunRow>> {
        let model = self.model.read();
        let open = model.open_of_job(job);
        let scheduled = open.filter(|row| row.state() == RunState::Scheduled);
        let mut scheduled: Vec<Arc<RunRow>> = scheduled.cloned().collect();
        scheduled.sort_by_key(|row| (row.schedule_at, row.number));
        scheduled
    }

    /// The occasion that a job completed last.
    #[must_use]
    pub fn last_completed(&self, job: u64) -> Option<u64> {
        self.model.read().last(job)
    }

    /// One kill request.
    pub fn kill_request(&self, number: u64) -> Answer<Option<KillRequestRow>> {
        self.reader.get(&kills::row_key(number))
    }

    /// The kill requests that are to be sent to the workers of their runs at `now`, by number, each with its
    /// run: no worker has taken note of it, its run has a process, and is still executed as it was when it took
    /// too long. What was due when the log took it is due, also when the clock was set back since.
    #[must_use]
    pub fn kills_due(&self, now: Timestamp) -> Vec<(KillRequestRow, Arc<RunRow>)> {
        let model = self.model.read();
        let due = model
            .kills
            .values()
            .filter(|kill| kill.schedule_at <= now.max(kill.updated_at));
        due.filter_map(|kill| {
            let run = model.open.get(&kill.run)?;
            if !run.has_process() || !kill.concerns(run) {
                return None;
            }
            Some((kill.clone(), Arc::clone(run)))
        })
        .collect()
    }

    /// The kill requests for a run, by number.
    pub fn kill_requests_of_run(&self, run: u64) -> Answer<Vec<KillRequestRow>> {
        let mut found = Vec::new();
        for (key, _) in self.reader.scan(Range::prefix(&kills::by_run(run)))? {
            if let Some(number) = key.last_chunk() {
                found.extend(self.kill_request(u64::from_be_bytes(*number))?);
            }
        }
        Ok(found)
    }

    /// A page of kill requests by number, for runs of these jobs or of any, and how many there are in all.
    pub fn kill_requests(
        &self,
        jobs: Option<&BTreeSet<u64>>,
        offset: usize,
        limit: usize,
    ) -> Answer<(Vec<KillRequestRow>, u64)> {
        let total = total(jobs, &self.model.read().kill_counts);
        let admits = |row: &KillRequestRow| is_of(jobs, row.job);
        let all = Range::prefix(&[kills::ROW]);
        let rows = self.rows_of(&all, (offset, limit, total), admits)?;
        Ok((rows, total))
    }

    /// The log with this number.
    pub fn run_log(&self, number: u64) -> Answer<Option<RunLogRow>> {
        match self.reader.get(&logs::number_key(number))? {
            Some(run) => self.log_of_run(run),
            None => Ok(None),
        }
    }

    /// The log of a run.
    pub fn log_of_run(&self, run: u64) -> Answer<Option<RunLogRow>> {
        self.reader.get(&logs::row_key(run))
    }

    /// A page of logs, the highest number of a run first, of runs of these jobs or of any, and how many there
    /// are in all.
    pub fn run_logs(
        &self,
        jobs: Option<&BTreeSet<u64>>,
        offset: usize,
        limit: usize,
    ) -> Answer<(Vec<RunLogRow>, u64)> {
        let total = total(jobs, &self.model.read().log_counts);
        let admits = |row: &RunLogRow| is_of(jobs, row.job);
        let all = Range::prefix(&[logs::ROW]).reverse();
        let rows = self.rows_of(&all, (offset, limit, total), admits)?;
        Ok((rows, total))
    }

    /// Rows that lie in the order of their list, as far as there are any.
    fn rows_of<T: serde::de::DeserializeOwned>(
        &self,
        all: &Range<'_>,
        (offset, limit, total): (usize, usize, u64),
        admits: impl Fn(&T) -> bool,
    ) -> Answer<Vec<T>> {
        const CHUNK: usize = 256;
        let mut rows = Vec::new();
        let mut skipped = 0;
        let reaches_any = (offset as u64) < total && limit > 0;
        let mut range = reaches_any.then(|| all.clone().limit(CHUNK));
        while let Some(within) = range.take() {
            let found = self.reader.scan(within.clone())?;
            for (_, value) in &found {
                let row: T = self.reader.decode(value)?;
                if !admits(&row) {
                    continue;
                }
                if skipped < offset {
                    skipped += 1;
                    continue;
                }
                rows.push(row);
                // The last one there is, or the last of the page.
                if rows.len() == limit || (offset + rows.len()) as u64 == total {
                    return Ok(rows);
                }
            }
            let last = found.last().filter(|_| found.len() == CHUNK);
            range = last.map(|(last, _)| within.after(last));
        }
        Ok(rows)
    }
}

fn is_of(jobs: Option<&BTreeSet<u64>>, job: Option<u64>) -> bool {
    jobs.is_none_or(|jobs| job.is_some_and(|job| jobs.contains(&job)))
}

fn total(
    jobs: Option<&BTreeSet<u64>>,
    counts: &std::collections::BTreeMap<Option<u64>, u64>,
) -> u64 {
    let of = counts.iter().filter(|(job, _)| is_of(jobs, **job));
    of.map(|(_, count)| count).sum()
}
