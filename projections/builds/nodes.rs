//! Which machines do builds run on?

#[cfg(test)]
mod tests;

use domain::builds::node::NodeEvent;
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use crate::engine::list::{List, ListFold, ListQuery, ListView, Order, StreamList};
use crate::engine::listing::{Cursor, Listing, Walk};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope};

/// By name, then by uuid: names are reused when machines come and go.
const BY_HOSTNAME: u8 = b'h';

/// One machine, as it was last described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Its `system_uuid`.
    pub uuid: String,
    pub hostname: String,
    pub cores: f64,
    /// Bytes.
    pub memory: f64,
    /// The architecture, as Kubernetes names it.
    pub arch: String,
    /// The operating system.
    pub os: String,
    /// The instance type, as the cloud names it.
    pub instance_type: String,
    #[serde(with = "time")]
    pub first_at: Timestamp,
    /// When it was last described; it has not changed since.
    #[serde(with = "time")]
    pub at: Timestamp,
    pub position: Position,
}

/// The list of all machines.
#[derive(Debug)]
pub struct NodeList;

/// Reads machines.
pub type Nodes = List<NodeList>;

/// Folds machines.
pub type NodesFold = ListFold<NodeList>;

impl ListView for NodeList {
    type Event = NodeEvent;
    type Key = String;
    type Row = NodeRow;

    const NAME: &'static str = "nodes";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    const HOME: Order<NodeRow> = Order::new(&[BY_HOSTNAME], |row, start| {
        Some(start.str(&row.hostname).str(&row.uuid).build())
    });

    fn key_of(NodeEvent::Described(described): &NodeEvent, _: &Envelope<'_>) -> Option<String> {
        Some(described.uuid.clone())
    }

    fn row_key(uuid: &String, start: KeyBuilder) -> Key {
        start.str(uuid).build()
    }

    fn change(
        row: &mut Option<NodeRow>,
        uuid: &String,
        NodeEvent::Described(described): &NodeEvent,
        envelope: &Envelope<'_>,
    ) -> bool {
        *row = Some(NodeRow {
            uuid: uuid.clone(),
            hostname: described.hostname.clone(),
            cores: described.cores,
            memory: described.memory,
            arch: described.arch.clone(),
            os: described.os.clone(),
            instance_type: described.instance_type.clone(),
            first_at: row.as_ref().map_or(described.at, |row| row.first_at),
            at: described.at,
            position: envelope.position,
        });
        true
    }
}

impl StreamList for NodeList {
    const CATEGORY: &'static str = "node";
}

impl Nodes {
    /// A page of the machines that have this name.
    pub fn by_hostname(
        &self,
        hostname: &str,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<NodeRow>> {
        let start = KeyBuilder::new(BY_HOSTNAME).str(hostname);
        self.rows(&Walk::all(start.as_ref()), cursor, limit, |_| true)
    }

    /// A page of all machines by name.
    pub fn list(&self, cursor: &Cursor, limit: usize) -> Answer<Listing<NodeRow>> {
        self.page(&ListQuery::default(), cursor, limit)
    }
}
