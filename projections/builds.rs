//! How does every build stand, how long did it take, and what did it use?

mod index;
mod list;
mod row;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::Event;
use domain::build::BuildKey;
use serde::Serialize;
use tables::{Key, KeyBuilder, KeyReader, Range};

use crate::projector::{Answer, Projection, Reader, Rows, Seen};

pub use list::{BuildFilter, BuildOrder};
pub use row::{BuildRow, UsageSummary};

pub(crate) const NAME: &str = BuildsFold::NAME;

const ROW: u8 = b'r';
/// How many builds there are with each status.
const COUNT: u8 = b'n';

/// The fold.
#[derive(Debug, Default)]
pub struct BuildsFold {
    counts: BTreeMap<Key, i64>,
}

impl Projection for BuildsFold {
    const NAME: &'static str = "builds";
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
        let Ok(key) = seen.stream.key().parse::<BuildKey>() else {
            return;
        };
        let row_key = row_key(&key);
        let before: Option<BuildRow> = rows.get(&row_key);
        let keys_before = before.as_ref().map(index::keys).unwrap_or_default();
        if let Some(before) = &before {
            *self.counts.entry(count_key(&before.status)).or_default() -= 1;
        }
        let after = BuildRow::after(before, &key, event, seen);
        *self.counts.entry(count_key(&after.status)).or_default() += 1;
        index::move_entries(keys_before, index::keys(&after), &row_key, rows);
        rows.put(row_key, &after);
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        for (key, by) in std::mem::take(&mut self.counts) {
            if by != 0 {
                rows.count(key, by);
            }
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

impl Builds {
    pub(crate) fn new(reader: Reader) -> Self {
        Self { reader }
    }

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
