//! An event as the log holds it.

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{EventType, Position, Revision, StreamName};

/// An event that is durable. Cloning copies no bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its place in the log.
    pub position: Position,
    pub stream: StreamName,
    /// Its place in the stream.
    pub revision: Revision,
    pub id: Uuid,
    pub event_type: EventType,
    pub version: u16,
    /// When the log took it, in whole microseconds.
    pub recorded_at: Timestamp,
    /// What surrounds the fact.
    pub metadata: Bytes,
    pub data: Bytes,
}
