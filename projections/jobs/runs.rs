//! What is the state of runs, what did they print, and which kills were requested?

mod dispatch;
mod index;
mod kills;
mod list;
mod logs;
mod model;
mod place;
mod query;
mod row;
mod stream;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::JobsEvent;
use domain::jobs::job::JobEvent;
use domain::jobs::kill_request::KillRequestEvent;
use domain::jobs::run::{RunEvent, Share};
use domain::jobs::run_log::RunLogEvent;
use eventlog::{Position, StreamName};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, KeyReader, Range};

use crate::engine::loading::each;
use crate::engine::{Answer, Envelope, Projection, Reader, RowAsOf, Rows, ViewReader, stream};
use index::{Class, over_key};
use model::{Model, add};

pub use kills::{KillRequestRow, KillRequestView};
pub use list::RunPage;
pub use logs::RunLogRow;
pub use query::{RunQuery, WorkerIs};
pub use row::{RunRow, RunState};

/// The fold. Changed runs are held until the flush: most events of one are within a few pages, and
/// every row and entry is then written once. Kill requests and logs are written as they come.
#[derive(Default)]
pub struct RunsFold {
    model: Arc<RwLock<Model>>,
    held: BTreeMap<u64, Held>,
    /// The occasion that a job completed last.
    completed: BTreeMap<u64, u64>,
    kills: BTreeMap<u64, KillRequestRow>,
    kill_counts: BTreeMap<Option<u64>, i64>,
    log_counts: BTreeMap<Option<u64>, i64>,
}

/// A run, and how it stood at the last flush.
#[derive(Debug)]
struct Held {
    before: Option<Arc<RunRow>>,
    after: Option<RunRow>,
    /// Nothing was known of it, nor of any run with a higher number; it was not spread meanwhile.
    is_new: bool,
}

/// What became of a run that was spread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SpreadRow {
    into: Vec<Share>,
    position: Position,
}

impl Projection for RunsFold {
    type Event = JobsEvent;

    const NAME: &'static str = "runs";
    const VERSION: u32 = 5;
    const SHAPE: u32 = 4;

    fn wants(event_type: &str) -> bool {
        let category = event_type.split('.').next().unwrap_or_default();
        match category {
            "run" => !event_type.starts_with("run.sibling_"),
            "run_log" | "kill_request" => true,
            _ => event_type == "job.run_counted",
        }
    }

    fn apply(&mut self, event: &JobsEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        match event {
            // Not wanted: where another view wants them they are passed as well.
            JobsEvent::Run(
                RunEvent::SiblingAdded(_)
                | RunEvent::SiblingReturned(_)
                | RunEvent::SiblingReopened(_),
            ) => {}
            JobsEvent::Run(event) => self.apply_run(event, envelope, rows),
            JobsEvent::KillRequest(event) => self.apply_kill(event, envelope, rows),
            JobsEvent::RunLog(event) => self.apply_log(event, envelope, rows),
            JobsEvent::Job(JobEvent::RunCounted(data)) => {
                let job = envelope.stream.key().strip_prefix("tally:");
                if let Some(job) = job.and_then(|job| job.parse().ok()) {
                    self.completed.insert(job, data.schedule_id);
                }
            }
            JobsEvent::Job(_)
            | JobsEvent::JobTemplate(_)
            | JobsEvent::Mail(_)
            | JobsEvent::Project(_)
            | JobsEvent::Worker(_)
            | JobsEvent::WorkerPool(_) => {}
        }
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        let mut held = std::mem::take(&mut self.held);
        let known = held
            .iter()
            .filter(|(_, held)| held.after.is_some() || !held.is_new);
        let highest = known.map(|(number, _)| *number).max().unwrap_or_default();
        held.retain(|_, held| held.after.as_ref() != held.before.as_deref());
        let counts = write_runs(&held, rows);
        let completed = std::mem::take(&mut self.completed);
        for (job, schedule_id) in &completed {
            rows.put(index::last_key(*job), schedule_id);
        }
        let kill_counts = std::mem::take(&mut self.kill_counts);
        for (job, by) in kill_counts.iter().filter(|(_, by)| **by != 0) {
            rows.count(job_count_key(kills::COUNT, *job), *by);
        }
        let log_counts = std::mem::take(&mut self.log_counts);
        for (job, by) in log_counts.iter().filter(|(_, by)| **by != 0) {
            rows.count(job_count_key(logs::COUNT, *job), *by);
        }
        // Nothing changes most of the time, and readers need not wait for that.
        if rows.written() == 0 {
            return;
        }

        let mut model = self.model.write();
        model.settle();
        for (job, schedule_id) in completed {
            model.complete(job, schedule_id, || occasion(schedule_id, rows));
        }
        model.highest = model.highest.max(highest);
        for held in held.into_values() {
            model.replace(held.before.as_deref(), held.after.map(Arc::new));
        }
        for (class, by) in counts {
            add(&mut model.counts, class, by);
        }
        for (number, kill) in std::mem::take(&mut self.kills) {
            if kill.is_pending() {
                model.kills.insert(number, kill);
            } else {
                model.kills.remove(&number);
            }
        }
        for (job, by) in kill_counts {
            add(&mut model.kill_counts, job, by);
        }
        for (job, by) in log_counts {
            add(&mut model.log_counts, job, by);
        }
    }

    fn memory(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.model) as Arc<dyn Any + Send + Sync>)
    }

    fn load(&mut self, rows: &mut Rows<'_>) {
        let mut model = Model::default();
        model.highest = index::highest(rows);
        each(index::OPEN, rows, |_, row: RunRow, _| {
            model.replace(None, Some(Arc::new(row)));
        });
        each(index::COUNT, rows, |key, count: i64, _| {
            if let Some(class) = Class::of_key(key) {
                add(&mut model.counts, class, count);
            }
        });
        each(index::LAST, rows, |key, schedule_id: u64, rows| {
            if let Some(job) = KeyReader::new(index::LAST, key).and_then(|mut key| key.u64()) {
                model.complete(job, schedule_id, || occasion(schedule_id, rows));
            }
        });
        each(kills::PENDING, rows, |_, number: u64, rows| {
            if let Some(kill) = rows.get(&kills::row_key(number)) {
                model.kills.insert(number, kill);
            }
        });
        each(kills::COUNT, rows, |key, count: i64, _| {
            add(&mut model.kill_counts, job_counted(key), count);
        });
        each(logs::COUNT, rows, |key, count: i64, _| {
            add(&mut model.log_counts, job_counted(key), count);
        });
        *self.model.write() = model;
    }
}

impl RunsFold {
    fn apply_run(&mut self, event: &RunEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        let Ok(number) = envelope.stream.key().parse::<u64>() else {
            return;
        };
        let held = self.held(number, rows);
        // What was spread is no more, whatever comes.
        let may_be_spread = held.after.is_none() && !held.is_new;
        if may_be_spread && rows.get_bytes(&index::spread_key(number)).is_some() {
            return;
        }
        let run = &mut held.after;
        let job_before = run.as_ref().map(|row| row.job);
        match (event, run.as_mut()) {
            (RunEvent::Scheduled(data), before) => {
                let planned = RunRow::planned(number, data, envelope);
                // Kill requests and logs of the number stay when it is scheduled again.
                *run = Some(match before {
                    None => planned,
                    Some(before) => RunRow {
                        run_log: before.run_log,
                        kill_requests: before.kill_requests,
                        retried_by: before.retried_by,
                        ..planned
                    },
                });
            }
            (RunEvent::Spread(data), Some(_)) => {
                *run = None;
                held.is_new = false;
                let spread = SpreadRow {
                    into: data.into.clone(),
                    position: envelope.position,
                };
                rows.put(index::spread_key(number), &spread);
            }
            // Not wanted here: these are in the streams of occasions, and belong to no single run.
            (
                RunEvent::SiblingAdded(_)
                | RunEvent::SiblingReturned(_)
                | RunEvent::SiblingReplaced(_)
                | RunEvent::SiblingReopened(_),
                _,
            )
            | (_, None) => return,
            (_, Some(row)) => {
                row.evolve(event);
                row.heard(envelope);
            }
        }
        let job = run.as_ref().map(|row| row.job);
        if job_before.is_some() && job != job_before {
            self.follow_job(number, job, rows);
        }
    }

    /// The kill requests and the log of a run belong to the job that the run belongs to.
    fn follow_job(&mut self, run: u64, job: Option<u64>, rows: &mut Rows<'_>) {
        let of_run = kills::by_run(run);
        for (key, _) in rows.scan(Range::prefix(&of_run)) {
            let number = key.last_chunk().map(|number| u64::from_be_bytes(*number));
            let key = kills::row_key(number.unwrap_or_default());
            if let Some(mut kill) = rows.get::<KillRequestRow>(&key) {
                count_move(&mut self.kill_counts, Some(kill.job), job);
                kill.job = job;
                rows.put(key, &kill);
                self.kills.insert(kill.number, kill);
            }
        }
        let key = logs::row_key(run);
        if let Some(mut log) = rows.get::<RunLogRow>(&key) {
            count_move(&mut self.log_counts, Some(log.job), job);
            log.job = job;
            rows.put(key, &log);
        }
    }

    fn apply_kill(
        &mut self,
        event: &KillRequestEvent,
        envelope: &Envelope<'_>,
        rows: &mut Rows<'_>,
    ) {
        let Ok(number) = envelope.stream.key().parse::<u64>() else {
            return;
        };
        let before: Option<KillRequestRow> = rows.get(&kills::row_key(number));
        let after = KillRequestRow::after(before.as_ref(), number, event, envelope);
        let Some(mut after) = after else {
            return;
        };
        let run_before = before.as_ref().map(|before| before.run);
        if run_before != Some(after.run) {
            if let Some(run) = run_before.and_then(|run| self.held(run, rows).after.as_mut()) {
                run.kill_requests = run.kill_requests.saturating_sub(1);
            }
            let run = self.held(after.run, rows).after.as_mut();
            after.job = run.map(|run| {
                run.kill_requests += 1;
                run.heard(envelope);
                run.job
            });
        }
        let job_before = before.as_ref().map(|before| before.job);
        count_move(&mut self.kill_counts, job_before, after.job);
        kills::write(before.as_ref(), &after, rows);
        self.kills.insert(number, after);
    }

    fn apply_log(&mut self, event: &RunLogEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        let Ok(run) = envelope.stream.key().parse::<u64>() else {
            return;
        };
        let key = logs::row_key(run);
        let before: Option<RunLogRow> = rows.get(&key);
        let after = RunLogRow::after(before.as_ref(), run, event, envelope);
        let Some(mut after) = after else {
            return;
        };
        if let Some(row) = self.held(run, rows).after.as_mut() {
            row.run_log = Some(after.number);
            row.heard(envelope);
            after.job = Some(row.job);
        }
        let number_before = before.as_ref().map(|before| before.number);
        if number_before != Some(after.number) {
            if let Some(number) = number_before {
                rows.delete(logs::number_key(number));
            }
            rows.put(logs::number_key(after.number), &run);
        }
        let job_before = before.as_ref().map(|before| before.job);
        count_move(&mut self.log_counts, job_before, after.job);
        rows.put(key, &after);
    }

    fn held(&mut self, number: u64, rows: &mut Rows<'_>) -> &mut Held {
        self.held.entry(number).or_insert_with(|| {
            // Open and new runs are never read from the table.
            let (open, is_new) = {
                let model = self.model.read();
                (model.open.get(&number).cloned(), number > model.highest)
            };
            let before = match open {
                None if !is_new => rows.get(&over_key(number)).map(Arc::new),
                open => open,
            };
            let after = before.as_deref().cloned();
            Held {
                before,
                after,
                is_new,
            }
        })
    }
}

/// Writes what differs, and returns how many more runs there are of each class.
fn write_runs(held: &BTreeMap<u64, Held>, rows: &mut Rows<'_>) -> BTreeMap<Class, i64> {
    let mut counts = BTreeMap::<Class, i64>::new();
    let mut worker_counts = BTreeMap::<Key, i64>::new();
    for held in held.values() {
        let (before, after) = (held.before.as_deref(), held.after.as_ref());
        index::write(before, after, rows);
        for (row, by) in [(before, -1), (after, 1)] {
            if let Some((row, class)) = row.and_then(|row| Some((row, Class::of(row)?))) {
                *counts.entry(class).or_default() += by;
                *worker_counts.entry(class.key_of(row.worker)).or_default() += by;
            }
        }
    }
    counts.retain(|_, by| *by != 0);
    for (class, by) in &counts {
        rows.count(class.key(), *by);
    }
    for (key, by) in worker_counts.into_iter().filter(|(_, by)| *by != 0) {
        rows.count(key, by);
    }
    counts
}

fn occasion(schedule_id: u64, rows: &mut Rows<'_>) -> Vec<RunRow> {
    let siblings = rows.scan(Range::prefix(&index::siblings(schedule_id)));
    let siblings = siblings.iter().filter_map(|(key, _)| key.last_chunk());
    let siblings = siblings.map(|number| u64::from_be_bytes(*number));
    let numbers: Vec<u64> = std::iter::once(schedule_id).chain(siblings).collect();
    let runs = numbers
        .into_iter()
        .filter_map(|number| rows.get(&over_key(number)));
    runs.filter(|row: &RunRow| row.schedule_id == schedule_id)
        .collect()
}

/// Counts one more of `after`, and one less of `before` if it was counted.
fn count_move(
    counts: &mut BTreeMap<Option<u64>, i64>,
    before: Option<Option<u64>>,
    after: Option<u64>,
) {
    if let Some(before) = before {
        *counts.entry(before).or_default() -= 1;
    }
    *counts.entry(after).or_default() += 1;
}

fn job_count_key(prefix: u8, job: Option<u64>) -> Key {
    let key = KeyBuilder::new(prefix).u8(u8::from(job.is_some()));
    key.u64(job.unwrap_or_default()).build()
}

fn job_counted(key: &[u8]) -> Option<u64> {
    match key {
        [_, 1, job @ ..] => job.try_into().ok().map(u64::from_be_bytes),
        _ => None,
    }
}

/// The state of runs. Those that are not over are in memory.
#[derive(Clone)]
pub struct Runs {
    reader: Reader,
    model: Arc<RwLock<Model>>,
}

impl ViewReader for Runs {
    type Fold = RunsFold;

    fn over(reader: Reader) -> Self {
        let model = reader.memory();
        Self {
            model: model.expect("the runs hold what is not over in memory"),
            reader,
        }
    }
}

impl RowAsOf for Runs {
    type Key = u64;
    type Row = Arc<RunRow>;

    fn streams(number: &u64) -> Vec<StreamName> {
        [stream("run", number), stream("run_log", number)].concat()
    }

    fn row(&self, number: &u64) -> Answer<Option<Arc<RunRow>>> {
        self.get(*number)
    }
}

impl Runs {
    /// One run. One that was spread is no more.
    pub fn get(&self, number: u64) -> Answer<Option<Arc<RunRow>>> {
        let held = || {
            let model = self.model.read();
            let run = model.open.get(&number);
            run.or_else(|| model.settled.get(&number)).cloned()
        };
        if let Some(run) = held() {
            return Ok(Some(run));
        }
        let over = self.reader.get(&over_key(number))?;
        // It may have been reopened since the read of the memory.
        Ok(over.map(Arc::new).or_else(held))
    }

    /// The runs into which a run was spread, if it was.
    pub fn spread_into(&self, number: u64) -> Answer<Option<Vec<Share>>> {
        let row: Option<SpreadRow> = self.reader.get(&index::spread_key(number))?;
        Ok(row.map(|row| row.into))
    }
}
