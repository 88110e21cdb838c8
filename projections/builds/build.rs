//! How does every build stand, how long did it take, and what did it use?

mod filter;
mod row;
mod standing;
#[cfg(test)]
mod tests;

use domain::builds::build::{BuildEvent, BuildKey};
use serde::Serialize;
use tables::{Key, KeyBuilder};

use crate::engine::list::{Field, List, ListFold, ListView, Order, StreamList, place};
use crate::engine::listing::{Cursor, Listing};
use crate::engine::{Answer, Envelope};

pub use filter::{BuildFilter, BuildOrder};
pub use row::{BuildRow, UsageSummary};

const BY_SEEN: &[u8] = b"s";
const BY_UPDATED: &[u8] = b"u";
const BY_FINISHED: &[u8] = b"f";

const SOURCE: &[u8] = b"i\x01";
const STATUS: &[u8] = b"i\x02";
const REF: &[u8] = b"i\x03";
const PACKAGE: &[u8] = b"i\x04";
const HOSTNAME: &[u8] = b"i\x05";
const NODE: &[u8] = b"i\x06";
const STAGE: &[u8] = b"i\x07";
const COLLECTION: &[u8] = b"i\x08";

/// The list of all builds.
#[derive(Debug)]
pub struct BuildList;

/// Reads builds.
pub type Builds = List<BuildList>;

/// Folds builds.
pub type BuildsFold = ListFold<BuildList>;

impl ListView for BuildList {
    type Event = BuildEvent;
    type Key = BuildKey;
    type Row = BuildRow;

    const NAME: &'static str = "builds";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    const HOME: Order<BuildRow> = Order::new(BY_SEEN, |row, start| {
        Some(place(row.seen_at, row.first).end_of(start))
    });
    const ORDERS: &'static [Order<BuildRow>] = &[
        Order::new(BY_UPDATED, |row, start| {
            Some(place(row.updated_at, row.position).end_of(start))
        }),
        Order::new(BY_FINISHED, |row, start| {
            Some(place(row.finished_at?, row.first).end_of(start))
        }),
    ];
    const FIELDS: &'static [Field<BuildRow>] = &[
        Field::new(PACKAGE, |row| Some(&row.usage.as_ref()?.package)),
        Field::new(NODE, |row| row.usage.as_ref()?.node.as_deref()),
        Field::new(HOSTNAME, |row| row.usage.as_ref()?.hostname.as_deref()),
        Field::new(COLLECTION, |row| {
            Some(row.collection.as_ref()?.state.as_str())
        }),
        Field::new(STATUS, |row| Some(&row.status)),
        Field::new(REF, |row| Some(&row.git_ref)),
        Field::new(STAGE, |row| row.stage.as_deref()),
        Field::<BuildRow>::new(SOURCE, |row| Some(row.key.source()))
            .except(BuildKey::DEFAULT_SOURCE),
    ];

    fn key_of(_: &BuildEvent, envelope: &Envelope<'_>) -> Option<BuildKey> {
        envelope.key()
    }

    fn row_key(key: &BuildKey, start: KeyBuilder) -> Key {
        start.str(key.source()).i64(key.number()).build()
    }

    fn change(
        row: &mut Option<BuildRow>,
        key: &BuildKey,
        event: &BuildEvent,
        envelope: &Envelope<'_>,
    ) -> bool {
        *row = Some(BuildRow::after(row.take(), key, event, envelope));
        true
    }

    fn class(row: &BuildRow, start: KeyBuilder) -> Option<Key> {
        Some(start.str(&row.status).build())
    }
}

impl StreamList for BuildList {
    const CATEGORY: &'static str = "build";
}

/// How many builds have one status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusCount {
    /// The status, as the source calls it.
    pub status: String,
    pub count: u64,
}

impl Builds {
    /// A page of builds. A list without a match in the first [`crate::EXAMINED_MAX`] builds that it reads
    /// returns an empty page and where to go on.
    pub fn list(
        &self,
        filter: &BuildFilter,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<BuildRow>> {
        self.page(&filter.query(), cursor, limit)
    }

    /// How many builds have each status, by its name.
    pub fn counts(&self) -> Answer<Vec<StatusCount>> {
        let classes = self.classes()?.into_iter();
        let counts = classes.filter_map(|(words, count)| {
            let status = words.into_iter().next()?;
            Some(StatusCount { status, count })
        });
        Ok(counts.collect())
    }
}
