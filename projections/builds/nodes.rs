//! Which machines do builds run on?

#[cfg(test)]
mod tests;

use domain::builds::node::NodeEvent;
use eventlog::{Position, StreamName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder, Range};

use crate::engine::listing::{Cursor, Listing, Walk};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope, Projection, Reader, RowAsOf, Rows, ViewReader, stream};

const ROW: u8 = b'r';
/// By name, then by uuid: names are given again when machines come and go.
const BY_HOSTNAME: u8 = b'h';

/// The most machines that are found under one name.
const SAME_NAME_MAX: usize = 1000;

/// One machine, as it was last described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Its `system_uuid`.
    pub uuid: String,
    /// Its name.
    pub hostname: String,
    /// Cores.
    pub cores: f64,
    /// Bytes.
    pub memory: f64,
    /// The architecture, as Kubernetes names it.
    pub arch: String,
    /// The operating system.
    pub os: String,
    /// What the cloud calls this kind of machine.
    pub instance_type: String,
    /// When it was first described.
    #[serde(with = "time")]
    pub first_at: Timestamp,
    /// When it was last described; it has not changed since.
    #[serde(with = "time")]
    pub at: Timestamp,
    /// Where that stands in the log.
    pub position: Position,
}

/// The fold.
#[derive(Debug, Default)]
pub struct NodesFold;

impl Projection for NodesFold {
    type Event = NodeEvent;

    const NAME: &'static str = "nodes";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        event_type.starts_with("node.")
    }

    fn apply(&mut self, event: &NodeEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        match event {
            NodeEvent::Described(described) => {
                let key = row_key(&described.uuid);
                let before: Option<NodeRow> = rows.get(&key);
                if let Some(before) = &before {
                    rows.delete(hostname_key(&before.hostname, &before.uuid));
                }
                rows.put_bytes(
                    hostname_key(&described.hostname, &described.uuid),
                    key.clone(),
                );
                let row = NodeRow {
                    uuid: described.uuid.clone(),
                    hostname: described.hostname.clone(),
                    cores: described.cores,
                    memory: described.memory,
                    arch: described.arch.clone(),
                    os: described.os.clone(),
                    instance_type: described.instance_type.clone(),
                    first_at: before.map_or(described.at, |before| before.first_at),
                    at: described.at,
                    position: envelope.position,
                };
                rows.put(key, &row);
            }
        }
    }
}

/// What builds run on.
#[derive(Clone)]
pub struct Nodes {
    reader: Reader,
}

impl ViewReader for Nodes {
    type Fold = NodesFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

impl RowAsOf for Nodes {
    type Key = str;
    type Row = NodeRow;

    fn streams(uuid: &str) -> Vec<StreamName> {
        stream("node", uuid)
    }

    fn row(&self, uuid: &str) -> Answer<Option<NodeRow>> {
        self.get(uuid)
    }
}

impl Nodes {
    /// The machine with this `system_uuid`.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn get(&self, uuid: &str) -> Answer<Option<NodeRow>> {
        self.reader.get(&row_key(uuid))
    }

    /// The machines that have this name, the first thousand of them.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn by_hostname(&self, hostname: &str) -> Answer<Vec<NodeRow>> {
        let prefix = KeyBuilder::new(BY_HOSTNAME).str(hostname);
        let entries = self
            .reader
            .scan(Range::prefix(&prefix).limit(SAME_NAME_MAX))?;
        let mut found = Vec::new();
        for (_, row_key) in entries {
            found.extend(self.reader.get(&row_key)?);
        }
        Ok(found)
    }

    /// A page of all machines by name.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn list(&self, cursor: &Cursor, limit: usize) -> Answer<Listing<NodeRow>> {
        let walk = Walk::all(&[BY_HOSTNAME]);
        walk.page(&self.reader, cursor, limit, |_, row_key| {
            self.reader.get(row_key)
        })
    }
}

fn row_key(uuid: &str) -> Key {
    KeyBuilder::new(ROW).str(uuid).build()
}

fn hostname_key(hostname: &str, uuid: &str) -> Key {
    KeyBuilder::new(BY_HOSTNAME).str(hostname).str(uuid).build()
}
