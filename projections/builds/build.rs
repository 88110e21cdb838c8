//! How does every build stand, how long did it take, and what did it use?

mod index;
mod list;
mod row;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::builds::build::{BuildEvent, BuildKey};
use eventlog::StreamName;
use serde::Serialize;
use tables::{Key, KeyBuilder, KeyReader, Range};

use crate::engine::{Answer, Envelope, Projection, Reader, RowAsOf, Rows, ViewReader, stream};

pub use list::{BuildFilter, BuildOrder};
pub use row::{BuildRow, UsageSummary};

const ROW: u8 = b'r';
/// How many builds there are with each status.
const COUNT: u8 = b'n';

/// The fold. Builds that are told of are held until the flush: most of what happens to one happens within a
/// few pages, and every row and entry is then written once.
#[derive(Debug, Default)]
pub struct BuildsFold {
    held: BTreeMap<BuildKey, Held>,
}

/// A build, and how it stood at the last flush.
#[derive(Debug)]
struct Held {
    row: Option<BuildRow>,
    status_before: Option<String>,
    entries_before: index::Entries,
}

impl Projection for BuildsFold {
    type Event = BuildEvent;

    const NAME: &'static str = "builds";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn apply(&mut self, event: &BuildEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        let Ok(key) = envelope.stream.key().parse::<BuildKey>() else {
            return;
        };
        let held = match self.held.entry(key) {
            Entry::Occupied(held) => held,
            Entry::Vacant(place) => {
                let held = Held::new(rows.get(&row_key(place.key())));
                place.insert_entry(held)
            }
        };
        let key = held.key().clone();
        let held = held.into_mut();
        held.row = Some(BuildRow::after(held.row.take(), key, event, envelope));
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        let mut counts = BTreeMap::<String, i64>::new();
        for (key, held) in std::mem::take(&mut self.held) {
            let Some(row) = held.row else {
                continue;
            };
            if held.status_before.as_ref() != Some(&row.status) {
                *counts.entry(row.status.clone()).or_default() += 1;
                if let Some(before) = held.status_before {
                    *counts.entry(before).or_default() -= 1;
                }
            }
            let row_key = row_key(&key);
            index::move_entries(held.entries_before, index::entries(&row), &row_key, rows);
            rows.put(row_key, &row);
        }
        for (status, by) in counts.into_iter().filter(|(_, by)| *by != 0) {
            rows.count(count_key(&status), by);
        }
    }
}

impl Held {
    fn new(row: Option<BuildRow>) -> Self {
        Self {
            status_before: row.as_ref().map(|row| row.status.clone()),
            entries_before: row.as_ref().map(index::entries).unwrap_or_default(),
            row,
        }
    }
}

/// How builds stand.
#[derive(Clone)]
pub struct Builds {
    pub(crate) reader: Reader,
}

/// How many builds have one status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusCount {
    /// The status, in the source's word.
    pub status: String,
    /// How many.
    pub count: u64,
}

impl ViewReader for Builds {
    type Fold = BuildsFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

impl RowAsOf for Builds {
    type Key = BuildKey;
    type Row = BuildRow;

    fn streams(key: &BuildKey) -> Vec<StreamName> {
        stream("build", key)
    }

    fn row(&self, key: &BuildKey) -> Answer<Option<BuildRow>> {
        self.get(key)
    }
}

impl Builds {
    /// One build.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn get(&self, key: &BuildKey) -> Answer<Option<BuildRow>> {
        self.reader.get(&row_key(key))
    }

    /// How many builds have each status, by its word.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn counts(&self) -> Answer<Vec<StatusCount>> {
        let mut counts = Vec::new();
        for (key, value) in self.reader.scan(Range::prefix(&[COUNT]))? {
            let count: i64 = self.reader.decode(&value)?;
            let status = KeyReader::new(COUNT, &key).and_then(|mut key| key.str());
            let count = u64::try_from(count).unwrap_or_default();
            if let Some(status) = status.filter(|_| count > 0) {
                counts.push(StatusCount { status, count });
            }
        }
        Ok(counts)
    }
}

pub(crate) fn row_key(key: &BuildKey) -> Key {
    KeyBuilder::new(ROW)
        .str(key.source())
        .i64(key.number())
        .build()
}

fn count_key(status: &str) -> Key {
    KeyBuilder::new(COUNT).str(status).build()
}
