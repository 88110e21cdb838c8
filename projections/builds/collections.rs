//! Whose usage is still to be learnt, when, and how did that go for the others?

mod progress;
#[cfg(test)]
mod tests;

use domain::builds::build::{BuildEvent, BuildKey, BuildStatus};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, Range};

use crate::engine::list::{Field, List, ListFold, ListQuery, ListView, Order, StreamList, place};
use crate::engine::listing::{Cursor, Listing};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope};

pub use progress::{CollectionState, Outcome, Progress};

const DUE: &[u8] = b"d";

const STATE: &[u8] = b"s";
/// Without an index: a state has few reasons.
const REASON: &[u8] = b"reason";

/// The collection of one build's usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRow {
    /// Whose usage.
    pub key: BuildKey,
    pub progress: Progress,
    /// When the build first entered the queue, or its usage was imported.
    #[serde(with = "time")]
    pub entered_at: Timestamp,
    /// That event's position.
    pub entered: Position,
    /// When the last event about it was recorded.
    #[serde(with = "time")]
    pub updated_at: Timestamp,
    /// That event's position.
    pub position: Position,
}

/// Where a collection that waits is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuePlace {
    due_at: Timestamp,
    entered: Position,
}

impl QueuePlace {
    /// The longest waiting first.
    fn end_of(self, start: KeyBuilder) -> Key {
        let due = self.due_at.as_microsecond();
        start.i64(due).u64(self.entered.0).build()
    }
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
}

/// The list of all collections.
#[derive(Debug)]
pub struct CollectionList;

/// Reads what was found out about usage, and what is still to be.
pub type Collections = List<CollectionList>;

/// Folds collections.
pub type CollectionsFold = ListFold<CollectionList>;

impl ListView for CollectionList {
    type Event = BuildEvent;
    type Key = BuildKey;
    type Row = CollectionRow;

    const NAME: &'static str = "collections";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    const HOME: Order<CollectionRow> = Order::new(b"t", |row, start| {
        Some(place(row.entered_at, row.entered).end_of(start))
    });
    const ORDERS: &'static [Order<CollectionRow>] = &[Order::new(DUE, |row, start| {
        let is_waiting = row.progress.state.is_waiting();
        is_waiting.then(|| row.queue_place().end_of(start))
    })];
    const FIELDS: &'static [Field<CollectionRow>] = &[
        Field::<CollectionRow>::new(REASON, |row| row.progress.state.reason()).unindexed(),
        Field::new(STATE, |row| Some(row.progress.state.as_str())),
    ];

    fn key_of(event: &BuildEvent, envelope: &Envelope<'_>) -> Option<BuildKey> {
        // Most reports are of builds that have not ended, and change nothing here.
        match event {
            BuildEvent::Reported(reported) if !BuildStatus::text_is_terminal(&reported.status) => {
                None
            }
            _ => envelope.key(),
        }
    }

    fn row_key(key: &BuildKey, start: KeyBuilder) -> Key {
        start.str(key.source()).i64(key.number()).build()
    }

    fn change(
        row: &mut Option<CollectionRow>,
        key: &BuildKey,
        event: &BuildEvent,
        envelope: &Envelope<'_>,
    ) -> bool {
        let known = row.as_ref();
        let Some(progress) = Progress::after(known.map(|row| &row.progress), event) else {
            return false;
        };
        *row = Some(CollectionRow {
            key: key.clone(),
            progress,
            entered_at: known.map_or(envelope.recorded_at, |row| row.entered_at),
            entered: known.map_or(envelope.position, |row| row.entered),
            updated_at: envelope.recorded_at,
            position: envelope.position,
        });
        true
    }

    fn class(row: &CollectionRow, start: KeyBuilder) -> Option<Key> {
        let state = row.progress.state;
        let reason = state.reason().unwrap_or_default();
        Some(start.str(state.as_str()).str(reason).build())
    }
}

impl StreamList for CollectionList {
    const CATEGORY: &'static str = "build";
}

/// How many collections have one state and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CollectionCount {
    /// One of [`CollectionState::WORDS`].
    pub state: String,
    /// The reason, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub count: u64,
}

/// Which collections a list is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionFilter {
    /// One of [`CollectionState::WORDS`].
    pub state: Option<String>,
    /// Why it was skipped or failed, by [`CollectionState::reason`].
    pub reason: Option<String>,
    /// Only those that entered at or after this.
    pub since: Option<Timestamp>,
    /// Only those that entered before this.
    pub until: Option<Timestamp>,
}

impl Collections {
    /// What is due at `now`, the longest waiting first.
    pub fn due(&self, now: Timestamp, limit: usize) -> Answer<Vec<CollectionRow>> {
        self.due_after(None, now, limit)
    }

    /// The same, only those behind a place.
    pub fn due_after(
        &self,
        after: Option<QueuePlace>,
        now: Timestamp,
        limit: usize,
    ) -> Answer<Vec<CollectionRow>> {
        let end = KeyBuilder::new(DUE[0]).i64(now.as_microsecond().saturating_add(1));
        let after = after.map(|after| after.end_of(KeyBuilder::new(DUE[0])));
        let start = match &after {
            Some(after) if after[..] >= *end.as_ref() => return Ok(Vec::new()),
            Some(after) => std::ops::Bound::Excluded(&after[..]),
            None => std::ops::Bound::Included(DUE),
        };
        let range = Range::between(start, std::ops::Bound::Excluded(end.as_ref()));
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
    pub fn next_due(&self) -> Answer<Option<Timestamp>> {
        let first = self.reader.scan(Range::prefix(DUE).limit(1))?;
        let time = first
            .first()
            .and_then(|(key, _)| tables::KeyReader::new(DUE[0], key)?.i64());
        Ok(time.and_then(|time| Timestamp::from_microsecond(time).ok()))
    }

    /// How many collections have each state, by state and reason.
    pub fn counts(&self) -> Answer<Vec<CollectionCount>> {
        let classes = self.classes()?.into_iter();
        let counts = classes.map(|(words, count)| {
            let mut words = words.into_iter();
            CollectionCount {
                state: words.next().unwrap_or_default(),
                reason: words.next().filter(|reason| !reason.is_empty()),
                count,
            }
        });
        Ok(counts.collect())
    }

    /// A page of all, those that entered last first.
    pub fn list(
        &self,
        filter: &CollectionFilter,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<CollectionRow>> {
        let query = ListQuery {
            since: filter.since,
            until: filter.until,
            ..ListQuery::by(&[(REASON, &filter.reason), (STATE, &filter.state)])
        };
        self.page(&query, cursor, limit)
    }
}
