//! What came of a command.

use eventlog::{Position, Revision};
use uuid::Uuid;

/// The result of a command: its events in the log. None when there was nothing to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its events in the order in which they were decided.
    pub events: Vec<Appended1>,
    /// Whether they stood there before: the same id was given earlier, and this is its first
    /// result.
    pub repeated: bool,
}

/// One event of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended1 {
    pub id: Uuid,
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream.
    pub revision: Revision,
    /// Its name on the wire.
    pub event: &'static str,
}

impl Outcome {
    /// Position of its last event; a view at this position includes all of them.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.events.iter().map(|event| event.position).max()
    }

    /// Whether there was nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}
