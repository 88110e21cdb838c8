//! Who works on what, and for whom?

mod entries;
mod index;
mod kind;
mod ledger;
mod model;
mod order;
mod sight;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::jobs::job::JobEvent;
use domain::jobs::worker::WorkerEvent;
use domain::{Event, JobsEvent};
use parking_lot::RwLock;
use tables::{Key, KeyBuilder};

use crate::engine::loading::each;
use crate::engine::{Answer, Envelope, Projection, Reader, Rows, ViewReader};
use kind::Ledgers;
use ledger::Stored;

pub use entries::*;
pub use kind::*;
pub use ledger::Row;
pub use model::Roster;
pub use sight::{Scope, Sight};

/// A worker's reports about itself, every few minutes.
const REPORTS: u8 = b'r';
/// How the runs of a job went. Apart from the job, whose script must not be written again with
/// every run.
const TALLY: u8 = b'c';

/// The fold. Changed rows are held until the flush, which also updates the model in memory.
#[derive(Default)]
pub struct RosterFold {
    model: Arc<RwLock<Roster>>,
    ledgers: Ledgers,
    reports: BTreeMap<u64, WorkerReports>,
    tallies: BTreeMap<u64, JobTally>,
}

impl Projection for RosterFold {
    type Event = Event;

    const NAME: &'static str = "roster";
    const VERSION: u32 = 2;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        let category = event_type.split('.').next().unwrap_or_default();
        Ledgers::CATEGORIES.contains(&category)
    }

    fn apply(&mut self, event: &Event, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        match event {
            Event::Jobs(JobsEvent::Worker(WorkerEvent::Reported(data))) => {
                if let Some(number) = number_after("reports:", envelope) {
                    let reports = self
                        .reports
                        .entry(number)
                        .or_insert_with(|| rows.get(&key(REPORTS, number)).unwrap_or_default());
                    reports.note(data);
                }
            }
            Event::Jobs(JobsEvent::Job(JobEvent::RunCounted(data))) => {
                if let Some(number) = number_after("tally:", envelope) {
                    self.tallies.insert(number, JobTally::of(data));
                }
            }
            event => self.ledgers.apply(event, envelope, rows),
        }
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        let flushed = self.ledgers.flush(rows);
        let mut reporting: BTreeSet<u64> = flushed.workers.keys().copied().collect();
        for (number, reports) in std::mem::take(&mut self.reports) {
            rows.put(key(REPORTS, number), &reports);
            reporting.insert(number);
        }
        let mut counting: BTreeSet<u64> = flushed.jobs.keys().copied().collect();
        for (number, tally) in std::mem::take(&mut self.tallies) {
            rows.put(key(TALLY, number), &tally);
            counting.insert(number);
        }

        // Nothing changes most of the time, and readers need not wait for that.
        if rows.written() == 0 {
            return;
        }
        let mut model = self.model.write();
        let model = &mut *model;
        flushed.put(model);
        for number in reporting {
            if let Some(reports) = rows.get(&key(REPORTS, number)) {
                model.note_reports(number, reports);
            }
        }
        for number in counting {
            if let Some(tally) = rows.get(&key(TALLY, number)) {
                model.note_tally(number, tally);
            }
        }
    }

    fn memory(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.model) as Arc<dyn Any + Send + Sync>)
    }

    fn load(&mut self, rows: &mut Rows<'_>) {
        let mut model = Roster::default();
        Ledgers::load(&mut model, rows);
        each(REPORTS, rows, |key, reports, _| {
            if let Some(number) = number_of(key) {
                model.note_reports(number, reports);
            }
        });
        each(TALLY, rows, |key, tally, _| {
            if let Some(number) = number_of(key) {
                model.note_tally(number, tally);
            }
        });
        *self.model.write() = model;
    }
}

fn number_of(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|number| u64::from_be_bytes(*number))
}

fn key(prefix: u8, number: u64) -> Key {
    KeyBuilder::new(prefix).u64(number).build()
}

/// The number in the key of a stream, which follows `prefix`.
fn number_after(prefix: &str, envelope: &Envelope<'_>) -> Option<u64> {
    envelope.stream.key().strip_prefix(prefix)?.parse().ok()
}

/// Who works on what. What lists and rights need is in memory ([`RosterView::read`]); descriptions,
/// addresses, scripts and passwords are in rows.
#[derive(Clone)]
pub struct RosterView {
    reader: Reader,
    model: Arc<RwLock<Roster>>,
}

impl ViewReader for RosterView {
    type Fold = RosterFold;

    fn over(reader: Reader) -> Self {
        let model = reader.memory();
        Self {
            model: model.expect("the roster holds its model in memory"),
            reader,
        }
    }
}

impl RosterView {
    /// Reads a consistent state. Keep it short, and do not wait: the model is not updated
    /// meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&Roster) -> T) -> T {
        look(&self.model.read())
    }

    /// One record.
    pub fn row<K: Kept>(&self, number: u64) -> Answer<Option<Row<K::Held>>> {
        K::read(self, number)
    }

    fn read_row<K: Kept>(&self, number: u64) -> Answer<Option<Row<K::Held>>> {
        let stored: Option<Stored<K::Held>> = self.reader.get(&key(K::PREFIX, number))?;
        Ok(stored.map(Into::into))
    }
}
