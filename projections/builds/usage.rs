//! What did each build use?

mod resource;
#[cfg(test)]
mod tests;

use domain::builds::build::{BuildEvent, BuildKey, BuiltSpec, ResourceUsage, UsageRecorded};
use eventlog::{Position, StreamName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, Value};

use crate::engine::listing::{Cursor, Listing, Place, Walk};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope, Projection, Reader, RowAsOf, Rows, ViewReader, stream};

const ROW: u8 = b'r';
/// All records by when the builds ended.
const BY_FINISHED: u8 = b'f';
/// The same within one value of a field.
const BY_FIELD: u8 = b'i';
const PACKAGE: u8 = 1;
const REF: u8 = 2;
const STACK: u8 = 3;
const HOSTNAME: u8 = 4;

/// What one build used. CPU in cores, memory in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageRow {
    /// The build.
    pub key: BuildKey,
    /// Where the record comes from.
    pub origin: String,
    /// The pod it ran in.
    pub pod: String,
    /// The machine's `system_uuid`, when it is known.
    pub node: Option<String>,
    /// The machine's name, when it is known.
    pub hostname: Option<String>,
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its variants as canonical JSON text.
    pub variants: String,
    /// The compiler.
    pub compiler: String,
    /// The compiler's version.
    pub compiler_version: String,
    /// The target architecture.
    pub arch: String,
    /// The stack it belongs to.
    pub stack: String,
    /// How many jobs `make` was allowed.
    pub build_jobs: u32,
    /// Which try this was, from 0.
    pub retry_count: u32,
    /// The git ref.
    pub git_ref: String,
    /// The build's status.
    pub status: String,
    /// When it started.
    #[serde(with = "time")]
    pub started_at: Timestamp,
    /// When it ended.
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
    /// Where it stands in the log.
    pub position: Position,
}

/// The fold.
#[derive(Debug, Default)]
pub struct UsageFold;

impl Projection for UsageFold {
    type Event = BuildEvent;

    const NAME: &'static str = "usage";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        event_type == "build.usage_recorded"
    }

    fn apply(&mut self, event: &BuildEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        let BuildEvent::UsageRecorded(usage) = event else {
            return;
        };
        let Ok(key) = envelope.stream.key().parse::<BuildKey>() else {
            return;
        };
        let row_key = row_key(&key);
        let before: Option<UsageRow> = rows.get(&row_key);
        for entry in before.iter().flat_map(entries) {
            rows.delete(entry);
        }
        let after = row(key, usage, envelope);
        // All entries of a record share the bytes of its key.
        let place = Value::copy_from_slice(&row_key);
        for entry in entries(&after) {
            rows.put_bytes(entry, place.clone());
        }
        rows.put(row_key, &after);
    }
}

fn row(key: BuildKey, usage: &UsageRecorded, envelope: &Envelope<'_>) -> UsageRow {
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

/// The keys under which a record is found, beside its own.
fn entries(row: &UsageRow) -> Vec<Key> {
    let place = Place {
        time: row.finished_at.as_microsecond(),
        position: row.position.0,
    };
    let mut keys = vec![
        place.end_of(KeyBuilder::new(BY_FINISHED)),
        place.end_of(field_prefix(PACKAGE, &row.package)),
        place.end_of(field_prefix(REF, &row.git_ref)),
        place.end_of(field_prefix(STACK, &row.stack)),
    ];
    let hostname = row.hostname.as_deref();
    keys.extend(hostname.map(|hostname| place.end_of(field_prefix(HOSTNAME, hostname))));
    keys
}

fn field_prefix(field: u8, value: &str) -> KeyBuilder {
    KeyBuilder::new(BY_FIELD).u8(field).str(value)
}

fn row_key(key: &BuildKey) -> Key {
    KeyBuilder::new(ROW)
        .str(key.source())
        .i64(key.number())
        .build()
}

/// Which records a list is about; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    /// The package.
    pub package: Option<String>,
    /// The git ref.
    pub git_ref: Option<String>,
    /// The stack.
    pub stack: Option<String>,
    /// The machine's name.
    pub hostname: Option<String>,
    /// Only of builds that ended at or after this.
    pub since: Option<Timestamp>,
    /// Only of builds that ended before this.
    pub until: Option<Timestamp>,
    /// The oldest first.
    pub oldest_first: bool,
}

impl UsageFilter {
    fn admits(&self, row: &UsageRow) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        is(&self.package, &row.package)
            && is(&self.git_ref, &row.git_ref)
            && is(&self.stack, &row.stack)
            && (self.hostname.is_none() || self.hostname == row.hostname)
    }

    /// The index that usually admits the fewest records.
    fn prefix(&self) -> KeyBuilder {
        let fields = [
            (PACKAGE, &self.package),
            (HOSTNAME, &self.hostname),
            (STACK, &self.stack),
            (REF, &self.git_ref),
        ];
        let mut given = fields.iter();
        let first = given.find_map(|(field, value)| Some(field_prefix(*field, value.as_ref()?)));
        first.unwrap_or_else(|| KeyBuilder::new(BY_FINISHED))
    }
}

/// What builds used.
#[derive(Clone)]
pub struct Usages {
    reader: Reader,
}

impl ViewReader for Usages {
    type Fold = UsageFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

impl RowAsOf for Usages {
    type Key = BuildKey;
    type Row = UsageRow;

    fn streams(key: &BuildKey) -> Vec<StreamName> {
        stream("build", key)
    }

    fn row(&self, key: &BuildKey) -> Answer<Option<UsageRow>> {
        self.get(key)
    }
}

impl Usages {
    /// What one build used, if that is known.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn get(&self, key: &BuildKey) -> Answer<Option<UsageRow>> {
        self.reader.get(&row_key(key))
    }

    /// A page of records, those of the builds that ended last first.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn list(
        &self,
        filter: &UsageFilter,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<UsageRow>> {
        let prefix = filter.prefix();
        let walk = Walk {
            prefix: prefix.as_ref(),
            since: filter.since.map(Timestamp::as_microsecond),
            until: filter.until.map(Timestamp::as_microsecond),
            reverse: filter.oldest_first,
        };
        walk.page(&self.reader, cursor, limit, |_, row_key| {
            let row: Option<UsageRow> = self.reader.get(row_key)?;
            Ok(row.filter(|row| filter.admits(row)))
        })
    }
}
