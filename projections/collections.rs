//! Whose usage is still to be learnt, when, and how did that go for the others?

mod progress;
#[cfg(test)]
mod tests;

use domain::Event;
use domain::build::{BuildEvent, BuildKey};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, Range};
use tokio::sync::watch;

use crate::listing::{Cursor, Listing, Place, Walk};
use crate::projector::stored::time;
use crate::projector::{Answer, Projection, Reader, Rows, Seen};

pub use progress::{CollectionState, Outcome, Progress};

pub(crate) const NAME: &str = CollectionsFold::NAME;

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

impl CollectionRow {
    fn place(&self) -> Place {
        Place {
            time: self.entered_at.as_microsecond(),
            position: self.entered.0,
        }
    }
}

/// The fold.
#[derive(Debug, Default)]
pub struct CollectionsFold {
    counts: std::collections::BTreeMap<Key, i64>,
}

impl Projection for CollectionsFold {
    const NAME: &'static str = "collections";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn apply(&mut self, seen: &Seen<'_>, rows: &mut Rows<'_>) {
        let event = match seen.event {
            Event::Build(event) => event,
            Event::Node(_)
            | Event::Token(_)
            | Event::Audit(_)
            | Event::Allocation(_)
            | Event::Numbers(_)
            | Event::Group(_)
            | Event::Job(_)
            | Event::JobTemplate(_)
            | Event::KillRequest(_)
            | Event::Name(_)
            | Event::Project(_)
            | Event::Run(_)
            | Event::RunLog(_)
            | Event::User(_)
            | Event::Worker(_)
            | Event::WorkerPool(_) => return,
        };
        // Most reports are of builds that are not over, and change nothing here.
        if matches!(event, BuildEvent::Reported(reported)
            if !domain::build::BuildStatus::text_is_terminal(&reported.status))
        {
            return;
        }
        let Ok(key) = seen.stream.key().parse::<BuildKey>() else {
            return;
        };
        let row_key = row_key(&key);
        let before: Option<CollectionRow> = rows.get(&row_key);
        let progress = Progress::after(before.as_ref().map(|row| &row.progress), event);
        let Some(progress) = progress else {
            return;
        };
        let after = CollectionRow {
            key,
            progress,
            entered_at: before
                .as_ref()
                .map_or(seen.recorded_at, |row| row.entered_at),
            entered: before.as_ref().map_or(seen.position, |row| row.entered),
            updated_at: seen.recorded_at,
            position: seen.position,
        };
        self.index(before.as_ref(), &after, &row_key, rows);
        rows.put(row_key, &after);
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        for (key, by) in std::mem::take(&mut self.counts) {
            rows.count(key, by);
        }
    }
}

impl CollectionsFold {
    fn index(
        &mut self,
        before: Option<&CollectionRow>,
        after: &CollectionRow,
        row_key: &Key,
        rows: &mut Rows<'_>,
    ) {
        if let Some(before) = before {
            let state = before.progress.state;
            if state.is_waiting() {
                rows.delete(due_key(before));
            }
            if state.as_str() != after.progress.state.as_str() {
                rows.delete(before.place().end_of(state_prefix(state.as_str())));
            }
            *self.counts.entry(count_key(state)).or_default() -= 1;
        } else {
            let key = after.place().end_of(KeyBuilder::new(BY_TIME));
            rows.put_bytes(key, row_key.clone());
        }
        let state = after.progress.state;
        if state.is_waiting() {
            rows.put_bytes(due_key(after), row_key.clone());
        }
        rows.put_bytes(
            after.place().end_of(state_prefix(state.as_str())),
            row_key.clone(),
        );
        *self.counts.entry(count_key(state)).or_default() += 1;
    }
}

/// What was found out about usage, and what is still to be.
#[derive(Clone)]
pub struct Collections {
    reader: Reader,
    changed: watch::Receiver<Position>,
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

impl Collections {
    pub(crate) fn new(reader: Reader, changed: watch::Receiver<Position>) -> Self {
        Self { reader, changed }
    }

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
        let end = KeyBuilder::new(DUE)
            .i64(now.as_microsecond().saturating_add(1))
            .build();
        let range = Range::between(
            std::ops::Bound::Included(&[DUE]),
            std::ops::Bound::Excluded(&end),
        );
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

    /// Moves on whenever something was queued, attempted or ended: look at [`Collections::due`] again. The
    /// receiver has seen everything up to now.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<Position> {
        self.changed.clone()
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

pub(crate) fn row_key(key: &BuildKey) -> Key {
    KeyBuilder::new(ROW)
        .str(key.source())
        .i64(key.number())
        .build()
}

fn state_prefix(state: &str) -> KeyBuilder {
    KeyBuilder::new(BY_STATE).str(state)
}

fn due_key(row: &CollectionRow) -> Key {
    let due = row.progress.due_at.as_microsecond();
    KeyBuilder::new(DUE).i64(due).u64(row.entered.0).build()
}

fn count_key(state: CollectionState) -> Key {
    let reason = state.reason().unwrap_or_default();
    KeyBuilder::new(COUNT)
        .str(state.as_str())
        .str(reason)
        .build()
}
