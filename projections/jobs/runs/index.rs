//! Where runs are found in the table.
//!
//! Runs that are not over are few: they are held in memory, and their rows lie together so that they are
//! quickly taken up. Runs that are over are many, and are found by outcome and by job, in the order of lists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, Range, Value};

use super::place::{self, Place};
use super::{RunRow, RunState};
use crate::engine::{Rows, stored};

/// Rows of runs that are not over.
pub(super) const OPEN: u8 = b'o';
/// Rows of runs that are over.
pub(super) const OVER: u8 = b'r';
/// Runs that are over, by outcome.
const BY_OUTCOME: u8 = b'c';
/// Runs that are over, by job and outcome.
const BY_JOB: u8 = b'j';
/// Runs that are not manual, by job and number: from the last of them the next occasion is counted.
/// Retries are not among them: they are due after a failure, not when the job is. It is read
/// backwards, because sled loses its way in keys that are counted downwards and share a beginning.
const REGULAR: u8 = b'f';
/// Runs that are not the first of their occasion, by occasion.
const SIBLINGS: u8 = b's';
/// How many runs are over, by job, outcome and whether they were manual.
pub(super) const COUNT: u8 = b'n';
const WORKER_COUNT: u8 = b'm';
const SPREAD: u8 = b'z';
/// The occasion that was completed last, by job.
pub(super) const LAST: u8 = b'l';

/// How a run ended. The numbers are in keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Failed = 0,
    Succeeded = 1,
    /// Its worker did not report it.
    Unknown = 2,
}

impl Outcome {
    pub(super) const ALL: [Self; 3] = [Self::Failed, Self::Succeeded, Self::Unknown];

    pub(super) fn of(success: Option<bool>) -> Self {
        match success {
            Some(false) => Self::Failed,
            Some(true) => Self::Succeeded,
            None => Self::Unknown,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| *outcome as u8 == byte)
    }
}

/// The facts of a run in an index entry, so that a filter need not read the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Brief {
    pub(super) job: u64,
    pub(super) worker: Option<u64>,
    pub(super) is_manual: bool,
}

impl Brief {
    pub(super) fn of(row: &RunRow) -> Self {
        Self {
            job: row.job,
            worker: row.worker,
            is_manual: row.is_manual,
        }
    }
}

/// What runs that are over are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    pub(super) job: u64,
    pub(super) outcome: Outcome,
    pub(super) is_manual: bool,
}

impl Class {
    /// None for a run that is not over.
    pub(super) fn of(row: &RunRow) -> Option<Self> {
        (row.state() == RunState::Completed).then(|| Self {
            job: row.job,
            outcome: Outcome::of(row.success),
            is_manual: row.is_manual,
        })
    }

    pub(super) fn key(self) -> Key {
        self.end_of(KeyBuilder::new(COUNT))
    }

    /// The key under which a worker's runs of this class are counted, or those of no worker.
    pub(super) fn key_of(self, worker: Option<u64>) -> Key {
        self.end_of(worker_counts(worker))
    }

    fn end_of(self, key: KeyBuilder) -> Key {
        key.u64(self.job)
            .u8(self.outcome as u8)
            .u8(u8::from(self.is_manual))
            .build()
    }

    /// Reads what [`Class::key`] and [`Class::key_of`] end with.
    pub(super) fn of_key(key: &[u8]) -> Option<Self> {
        let (rest, [outcome, is_manual]) = key.split_last_chunk()?;
        Some(Self {
            job: u64::from_be_bytes(*rest.last_chunk()?),
            outcome: Outcome::of_byte(*outcome)?,
            is_manual: *is_manual == 1,
        })
    }
}

/// What the keys of a worker's counts begin with.
pub(super) fn worker_counts(worker: Option<u64>) -> KeyBuilder {
    let key = KeyBuilder::new(WORKER_COUNT).u8(u8::from(worker.is_some()));
    key.u64(worker.unwrap_or_default())
}

pub(super) fn by_outcome(outcome: Outcome) -> KeyBuilder {
    KeyBuilder::new(BY_OUTCOME).u8(outcome as u8)
}

pub(super) fn by_job(job: u64, outcome: Outcome) -> KeyBuilder {
    KeyBuilder::new(BY_JOB).u64(job).u8(outcome as u8)
}

pub(super) fn regular(job: u64) -> KeyBuilder {
    KeyBuilder::new(REGULAR).u64(job)
}

pub(super) fn siblings(schedule_id: u64) -> KeyBuilder {
    KeyBuilder::new(SIBLINGS).u64(schedule_id)
}

pub(super) fn over_key(number: u64) -> Key {
    KeyBuilder::new(OVER).u64(number).build()
}

pub(super) fn open_key(number: u64) -> Key {
    KeyBuilder::new(OPEN).u64(number).build()
}

pub(super) fn spread_key(number: u64) -> Key {
    KeyBuilder::new(SPREAD).u64(number).build()
}

pub(super) fn last_key(job: u64) -> Key {
    KeyBuilder::new(LAST).u64(job).build()
}

/// The highest number in the table.
pub(super) fn highest(rows: &mut Rows<'_>) -> u64 {
    let mut highest = 0;
    for prefix in [OPEN, OVER, SPREAD] {
        let last = rows.scan(Range::prefix(&[prefix]).reverse().limit(1));
        let number = last.first().and_then(|(key, _)| key.last_chunk());
        highest = highest.max(number.map_or(0, |number| u64::from_be_bytes(*number)));
    }
    highest
}

fn entries(row: &RunRow) -> BTreeMap<Key, Value> {
    let mut entries = BTreeMap::new();
    if row.state() == RunState::Completed {
        let (place, brief) = (place::place(row), stored::encode(&Brief::of(row)));
        let outcome = Outcome::of(row.success);
        entries.insert(place::key(by_outcome(outcome), &place), brief.clone());
        entries.insert(place::key(by_job(row.job, outcome), &place), brief);
        entries.insert(over_key(row.number), stored::encode(row));
    } else {
        entries.insert(open_key(row.number), stored::encode(row));
    }
    if !row.is_manual && !row.is_retry() {
        let key = regular(row.job).u64(row.number).build();
        let at = row.schedule_at;
        let due = stored::encode(&(at.as_second(), at.subsec_nanosecond()));
        entries.insert(key, due);
    }
    if row.schedule_id != row.number {
        let key = siblings(row.schedule_id).u64(row.number).build();
        entries.insert(key, Value::new());
    }
    entries
}

/// Writes what differs between a run before and after.
pub(super) fn write(before: Option<&RunRow>, after: Option<&RunRow>, rows: &mut Rows<'_>) {
    let mut old = before.map(entries).unwrap_or_default();
    for (key, value) in after.map(entries).unwrap_or_default() {
        if old.remove(&key).as_ref() != Some(&value) {
            rows.put_bytes(key, value);
        }
    }
    for key in old.into_keys() {
        rows.delete(key);
    }
}

/// An entry of an index of runs that are over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) brief: Brief,
}
