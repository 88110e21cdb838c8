//! What did each build use?

mod resource;
#[cfg(test)]
mod tests;

use domain::builds::build::{BuildEvent, BuildKey, BuiltSpec, ResourceUsage, UsageRecorded};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use crate::engine::list::{Field, List, ListFold, ListQuery, ListView, Order, StreamList, place};
use crate::engine::listing::{Cursor, Listing};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope};

const PACKAGE: &[u8] = b"i\x01";
const REF: &[u8] = b"i\x02";
const STACK: &[u8] = b"i\x03";
const HOSTNAME: &[u8] = b"i\x04";

/// What one build used. CPU in cores, memory in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageRow {
    pub key: BuildKey,
    /// Where the record comes from.
    pub origin: String,
    pub pod: String,
    /// The machine's `system_uuid`, when it is known.
    pub node: Option<String>,
    /// The machine's name, when it is known.
    pub hostname: Option<String>,
    pub package: String,
    pub version: String,
    /// Its variants as canonical JSON text.
    pub variants: String,
    pub compiler: String,
    pub compiler_version: String,
    /// The target architecture.
    pub arch: String,
    pub stack: String,
    /// How many jobs `make` was allowed.
    pub build_jobs: u32,
    /// Which try this was, from 0.
    pub retry_count: u32,
    pub git_ref: String,
    /// The build's status.
    pub status: String,
    #[serde(with = "time")]
    pub started_at: Timestamp,
    #[serde(with = "time")]
    pub finished_at: Timestamp,
    /// Cores.
    #[serde(with = "resource")]
    pub cpu: ResourceUsage,
    /// Bytes.
    #[serde(with = "resource")]
    pub memory: ResourceUsage,
    /// When the log took it.
    #[serde(with = "time")]
    pub recorded_at: Timestamp,
    pub position: Position,
}

/// The list of all usage records.
#[derive(Debug)]
pub struct UsageList;

/// Reads what builds used.
pub type Usages = List<UsageList>;

/// Folds what builds used.
pub type UsageFold = ListFold<UsageList>;

impl ListView for UsageList {
    type Event = BuildEvent;
    type Key = BuildKey;
    type Row = UsageRow;

    const NAME: &'static str = "usage";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    const HOME: Order<UsageRow> = Order::new(b"f", |row, start| {
        Some(place(row.finished_at, row.position).end_of(start))
    });
    const FIELDS: &'static [Field<UsageRow>] = &[
        Field::new(PACKAGE, |row| Some(&row.package)),
        Field::new(HOSTNAME, |row| row.hostname.as_deref()),
        Field::new(STACK, |row| Some(&row.stack)),
        Field::new(REF, |row| Some(&row.git_ref)),
    ];

    fn wants(event_type: &str) -> bool {
        event_type == "build.usage_recorded"
    }

    fn key_of(event: &BuildEvent, envelope: &Envelope<'_>) -> Option<BuildKey> {
        let is_usage = matches!(event, BuildEvent::UsageRecorded(_));
        is_usage.then(|| envelope.key())?
    }

    fn row_key(key: &BuildKey, start: KeyBuilder) -> Key {
        start.str(key.source()).i64(key.number()).build()
    }

    fn change(
        row: &mut Option<UsageRow>,
        key: &BuildKey,
        event: &BuildEvent,
        envelope: &Envelope<'_>,
    ) -> bool {
        let BuildEvent::UsageRecorded(usage) = event else {
            return false;
        };
        *row = Some(record(key.clone(), usage, envelope));
        true
    }
}

impl StreamList for UsageList {
    const CATEGORY: &'static str = "build";
}

fn record(key: BuildKey, usage: &UsageRecorded, envelope: &Envelope<'_>) -> UsageRow {
    let BuiltSpec {
        name,
        version,
        variants,
        compiler_name,
        compiler_version,
        arch,
    } = usage.spec.clone();
    UsageRow {
        key,
        origin: usage.origin.clone(),
        pod: usage.pod.clone(),
        node: usage.node.clone(),
        hostname: usage.hostname.clone(),
        package: name,
        version,
        variants,
        compiler: compiler_name,
        compiler_version,
        arch,
        stack: usage.stack.clone(),
        build_jobs: usage.build_jobs,
        retry_count: usage.retry_count,
        git_ref: usage.git_ref.clone(),
        status: usage.status.clone(),
        started_at: usage.started_at,
        finished_at: usage.finished_at,
        cpu: usage.cpu,
        memory: usage.memory,
        recorded_at: envelope.recorded_at,
        position: envelope.position,
    }
}

/// Which records a list is about; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    pub package: Option<String>,
    pub git_ref: Option<String>,
    pub stack: Option<String>,
    /// The machine's name.
    pub hostname: Option<String>,
    /// Only of builds that ended at or after this.
    pub since: Option<Timestamp>,
    /// Only of builds that ended before this.
    pub until: Option<Timestamp>,
    pub oldest_first: bool,
}

impl Usages {
    /// A page of records, those of the builds that ended last first.
    pub fn list(
        &self,
        filter: &UsageFilter,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<UsageRow>> {
        let query = ListQuery {
            since: filter.since,
            until: filter.until,
            oldest_first: filter.oldest_first,
            ..ListQuery::by(&[
                (PACKAGE, &filter.package),
                (HOSTNAME, &filter.hostname),
                (STACK, &filter.stack),
                (REF, &filter.git_ref),
            ])
        };
        self.page(&query, cursor, limit)
    }
}
