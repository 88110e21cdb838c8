//! Whose usage is still to be learnt, when, and how did that go for the others?

mod progress;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::builds::build::{BuildEvent, BuildKey};
use eventlog::{Position, StreamName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, Range, Value};

use crate::engine::listing::{Cursor, Listing, Place, Walk};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope, Projection, Reader, RowAsOf, Rows, ViewReader, stream};

pub use progress::{CollectionState, Outcome, Progress};

const ROW: u8 = b'r';
/// What waits, by when it is due.
const DUE: u8 = b'd';
/// Every build, newest first, within a state.
const BY_STATE: u8 = b's';
/// Every build, newest first.
const BY_TIME: u8 = b't';
/// How many there are in each state, and for each reason.
const COUNT: u8 = b'n';

/// The collection of one build's usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRow {
    /// Whose usage.
    pub key: BuildKey,
    /// How it stands.
    pub progress: Progress,
    /// When the build first entered the queue, or its usage was imported.
    #[serde(with = "time")]
    pub entered_at: Timestamp,
    /// Where that stands in the log.
    pub entered: Position,
    /// When the last event about it was recorded.
    #[serde(with = "time")]
    pub updated_at: Timestamp,
    /// Where that event stands.
    pub position: Position,
}

/// Where a collection that waits is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuePlace {
    due_at: Timestamp,
    entered: Position,
}

impl CollectionRow {
    /// Where it is in the queue while it waits.
    #[must_use]
    pub fn queue_place(&self) -> QueuePlace {
        QueuePlace {
            due_at: self.progress.due_at,
            entered: self.entered,
        }
    }

    fn place(&self) -> Place {
        Place {
            time: self.entered_at.as_microsecond(),
            position: self.entered.0,
        }
    }
}

/// The fold. What is told of is held until the flush, so that every row and entry is written once.
#[derive(Debug, Default)]
pub struct CollectionsFold {
    held: BTreeMap<BuildKey, Held>,
}

/// A collection, and how it stood at the last flush.
#[derive(Debug)]
struct Held {
    row: Option<CollectionRow>,
    before: Option<CollectionRow>,
}

impl Projection for CollectionsFold {
    type Event = BuildEvent;

    const NAME: &'static str = "collections";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn apply(&mut self, event: &BuildEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        // Most reports are of builds that are not over, and change nothing here.
        if matches!(event, BuildEvent::Reported(reported)
            if !domain::builds::build::BuildStatus::text_is_terminal(&reported.status))
        {
            return;
        }
        let Ok(key) = envelope.stream.key().parse::<BuildKey>() else {
            return;
        };
        let held = self.held.entry(key.clone()).or_insert_with(|| {
            let row: Option<CollectionRow> = rows.get(&row_key(&key));
            Held {
                before: row.clone(),
                row,
            }
        });
        let known = held.row.as_ref();
        if let Some(progress) = Progress::after(known.map(|row| &row.progress), event) {
            held.row = Some(CollectionRow {
                key,
                progress,
                entered_at: known.map_or(envelope.recorded_at, |row| row.entered_at),
                entered: known.map_or(envelope.position, |row| row.entered),
                updated_at: envelope.recorded_at,
                position: envelope.position,
            });
        }
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        let mut counts = BTreeMap::<CollectionState, i64>::new();
        for (key, Held { row, before }) in std::mem::take(&mut self.held) {
            let Some(after) = row.filter(|row| Some(row) != before.as_ref()) else {
                continue;
            };
            let row_key = row_key(&key);
            move_entries(before.as_ref(), &after, &row_key, rows);
            if let Some(before) = before {
                *counts.entry(before.progress.state).or_default() -= 1;
            }
            *counts.entry(after.progress.state).or_default() += 1;
            rows.put(row_key, &after);
        }
        for (state, by) in counts.into_iter().filter(|(_, by)| *by != 0) {
            rows.count(count_key(state), by);
        }
    }
}

/// Writes what differs between the entries before and after.
fn move_entries(
    before: Option<&CollectionRow>,
    after: &CollectionRow,
    row_key: &Key,
    rows: &mut Rows<'_>,
) {
    let entries = |row: &CollectionRow| {
        let state = row.progress.state;
        [
            Some(row.place().end_of(KeyBuilder::new(BY_TIME))),
            Some(row.place().end_of(state_prefix(state.as_str()))),
            state.is_waiting().then(|| due_key(row.queue_place())),
        ]
    };
    let before = before.map(entries).unwrap_or_default();
    let row_key = Value::copy_from_slice(row_key);
    for (before, after) in before.into_iter().zip(entries(after)) {
        if before == after {
            continue;
        }
        if let Some(before) = before {
            rows.delete(before);
        }
        if let Some(after) = after {
            rows.put_bytes(after, row_key.clone());
        }
    }
}

/// What was found out about usage, and what is still to be.
#[derive(Clone)]
pub struct Collections {
    reader: Reader,
}

/// How many collections stand how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CollectionCount {
    /// One of [`CollectionState::WORDS`].
    pub state: String,
    /// Why, where that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many.
    pub count: u64,
}

/// Which collections a list is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionFilter {
    /// One of [`CollectionState::WORDS`].
    pub state: Option<String>,
    /// Why it was skipped or failed, as [`CollectionState::reason`] says it.
    pub reason: Option<String>,
    /// Only those that entered at or after this.
    pub since: Option<Timestamp>,
    /// Only those that entered before this.
    pub until: Option<Timestamp>,
}

impl ViewReader for Collections {
    type Fold = CollectionsFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

impl RowAsOf for Collections {
    type Key = BuildKey;
    type Row = CollectionRow;

    fn streams(key: &BuildKey) -> Vec<StreamName> {
        stream("build", key)
    }

    fn row(&self, key: &BuildKey) -> Answer<Option<CollectionRow>> {
        self.get(key)
    }
}

impl Collections {
    /// How it stands for one build.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn get(&self, key: &BuildKey) -> Answer<Option<CollectionRow>> {
        self.reader.get(&row_key(key))
    }

    /// What is due at `now`, the longest waiting first.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn due(&self, now: Timestamp, limit: usize) -> Answer<Vec<CollectionRow>> {
        self.due_after(None, now, limit)
    }

    /// The same, only those behind a place.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn due_after(
        &self,
        after: Option<QueuePlace>,
        now: Timestamp,
        limit: usize,
    ) -> Answer<Vec<CollectionRow>> {
        let end = KeyBuilder::new(DUE)
            .i64(now.as_microsecond().saturating_add(1))
            .build();
        let after = after.map(due_key);
        let start = match &after {
            Some(after) if *after >= end => return Ok(Vec::new()),
            Some(after) => std::ops::Bound::Excluded(&after[..]),
            None => std::ops::Bound::Included(&[DUE][..]),
        };
        let range = Range::between(start, std::ops::Bound::Excluded(&end));
        let entries = self.reader.scan(range.limit(limit))?;
        let mut due = Vec::new();
        for (_, row_key) in entries {
            let row: Option<CollectionRow> = self.reader.get(&row_key)?;
            // Between the index and the row it may have come to its outcome.
            due.extend(row.filter(|row| row.progress.state.is_waiting()));
        }
        Ok(due)
    }

    /// When the next one is or was due; none when nothing waits.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn next_due(&self) -> Answer<Option<Timestamp>> {
        let first = self.reader.scan(Range::prefix(&[DUE]).limit(1))?;
        let time = first
            .first()
            .and_then(|(key, _)| tables::KeyReader::new(DUE, key)?.i64());
        Ok(time.and_then(|time| Timestamp::from_microsecond(time).ok()))
    }

    /// How many stand how, by state and reason.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn counts(&self) -> Answer<Vec<CollectionCount>> {
        let mut counts = Vec::new();
        for (key, value) in self.reader.scan(Range::prefix(&[COUNT]))? {
            let count: i64 = self.reader.decode(&value)?;
            let mut key = tables::KeyReader::new(COUNT, &key);
            let mut word = || {
                key.as_mut()
                    .and_then(tables::KeyReader::str)
                    .unwrap_or_default()
            };
            let (state, reason) = (word(), Some(word()).filter(|word| !word.is_empty()));
            let count = u64::try_from(count).unwrap_or_default();
            if count > 0 {
                counts.push(CollectionCount {
                    state,
                    reason,
                    count,
                });
            }
        }
        Ok(counts)
    }

    /// A page of all, those that entered last first.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn list(
        &self,
        filter: &CollectionFilter,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<CollectionRow>> {
        let prefix = match &filter.state {
            Some(state) => state_prefix(state),
            None => KeyBuilder::new(BY_TIME),
        };
        let walk = Walk {
            prefix: prefix.as_ref(),
            since: filter.since.map(Timestamp::as_microsecond),
            until: filter.until.map(Timestamp::as_microsecond),
            reverse: false,
        };
        walk.page(&self.reader, cursor, limit, |_, row_key| {
            let row: Option<CollectionRow> = self.reader.get(row_key)?;
            Ok(row.filter(|row| filter.admits(row)))
        })
    }
}

impl CollectionFilter {
    fn admits(&self, row: &CollectionRow) -> bool {
        let state = row.progress.state;
        let reason = self.reason.as_deref();
        self.state
            .as_ref()
            .is_none_or(|word| word == state.as_str())
            && reason.is_none_or(|reason| state.reason() == Some(reason))
    }
}

fn row_key(key: &BuildKey) -> Key {
    KeyBuilder::new(ROW)
        .str(key.source())
        .i64(key.number())
        .build()
}

fn state_prefix(state: &str) -> KeyBuilder {
    KeyBuilder::new(BY_STATE).str(state)
}

fn due_key(place: QueuePlace) -> Key {
    let due = place.due_at.as_microsecond();
    KeyBuilder::new(DUE).i64(due).u64(place.entered.0).build()
}

fn count_key(state: CollectionState) -> Key {
    let reason = state.reason().unwrap_or_default();
    KeyBuilder::new(COUNT)
        .str(state.as_str())
        .str(reason)
        .build()
}
