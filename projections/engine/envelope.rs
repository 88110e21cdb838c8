//! An event as a fold sees it.

use std::cell::OnceCell;
use std::str::FromStr;

use domain::{Event, Metadata};
use eventlog::{Position, Recorded, Revision, StreamName};
use jiff::Timestamp;
use uuid::Uuid;

/// An event as a fold sees it: decoded once for all of them.
pub struct Envelope<'a> {
    /// Its place in the log.
    pub position: Position,
    /// When the log took it.
    pub recorded_at: Timestamp,
    pub stream: &'a StreamName,
    /// Its place in the stream.
    pub revision: Revision,
    pub id: Uuid,
    pub event: &'a Event,
    /// The bytes it was read from.
    pub recorded: &'a Recorded,
    metadata: OnceCell<Metadata>,
}

impl<'a> Envelope<'a> {
    /// Joins what the log holds with what it means.
    #[must_use]
    pub fn new(recorded: &'a Recorded, event: &'a Event) -> Self {
        Self {
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            stream: &recorded.stream,
            revision: recorded.revision,
            id: recorded.id,
            event,
            recorded,
            metadata: OnceCell::new(),
        }
    }

    /// The key of its stream; none when that has another form.
    pub fn key<K: FromStr>(&self) -> Option<K> {
        self.stream.key().parse().ok()
    }

    /// The actor and the interface, decoded on first use; empty when they cannot be decoded.
    pub fn metadata(&self) -> &Metadata {
        self.metadata
            .get_or_init(|| serde_json::from_slice(&self.recorded.metadata).unwrap_or_default())
    }
}
