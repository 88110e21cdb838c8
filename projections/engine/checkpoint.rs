//! How far a table has come, and what made it: one row of the table itself, so that it is written with the
//! rows it speaks of or not at all.

use eventlog::Position;
use serde::{Deserialize, Serialize};
use tables::{Table, TableError};
use uuid::Uuid;

use super::kind::Kind;
use super::stored;

/// The key of the checkpoint. No row of a view begins with this byte.
pub(crate) const KEY: &[u8] = &[0];

/// How far a table has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) version: u32,
    pub(crate) shape: u32,
    /// Everything up to here is in the rows.
    pub(crate) position: Position,
    /// The last event that was looked at, by which a log is known again.
    pub(crate) last: Option<(Position, Uuid)>,
    /// When the log took that event, in microseconds of Unix time.
    pub(crate) recorded_at: i64,
    /// How many events up to here could not be read.
    pub(crate) faults: u64,
    /// Whether the table answers; a table that is being made does not.
    pub(crate) serving: bool,
}

impl Checkpoint {
    /// That of a table with nothing in it.
    pub(crate) fn start(kind: &Kind, serving: bool) -> Self {
        Self {
            version: kind.version,
            shape: kind.shape,
            serving,
            ..Self::default()
        }
    }

    /// The table's checkpoint, if it has one.
    pub(crate) fn read(table: &dyn Table) -> Result<Option<Self>, TableError> {
        table
            .get(KEY)?
            .map(|value| stored::decode(&value))
            .transpose()
    }
}

/// The name of a table: `builds.v1.g2` is the second of version 1 of `builds`.
pub(crate) fn table_name(kind: &Kind, generation: u64) -> String {
    format!("{}.v{}.g{generation}", kind.name, kind.version)
}

/// The version and generation in the name of one of this kind's tables.
pub(crate) fn parse_table_name(name: &str, projection: &str) -> Option<(u32, u64)> {
    let rest = name.strip_prefix(projection)?.strip_prefix(".v")?;
    let (version, generation) = rest.split_once(".g")?;
    Some((version.parse().ok()?, generation.parse().ok()?))
}
