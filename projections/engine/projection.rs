//! What a view writes: how one event changes its rows.

use std::any::Any;
use std::sync::Arc;

use domain::EventKind;
use eventlog::Position;

use super::envelope::Envelope;
use super::rows::Rows;

/// A pure fold of the log into the rows of one table.
///
/// A fold cannot fail: an event that makes no sense here changes nothing here. The same events in the
/// same order give the same bytes, however they were cut into pages.
pub trait Projection: Send + 'static {
    /// What it folds: the events of one kind of thing, of one context, or all. Others never reach it.
    type Event: EventKind;

    /// What it answers; also the name of its tables.
    const NAME: &'static str;
    /// Raised with every change of the fold: the rows are then rebuilt.
    const VERSION: u32;
    /// Raised with every change of what a row or a key looks like. Rows of an older version of the fold but
    /// of this shape go on answering while the new ones are made.
    const SHAPE: u32;

    /// Whether events of this type can change anything here; the others need not be decoded for it.
    fn wants(event_type: &str) -> bool {
        Self::Event::types().any(|known| known.name == event_type)
    }

    /// Takes note of one event.
    fn apply(&mut self, event: &Self::Event, envelope: &Envelope<'_>, rows: &mut Rows<'_>);

    /// Writes down what was gathered since the last flush; called before anything becomes visible.
    fn flush(&mut self, _rows: &mut Rows<'_>) {}

    /// The part that answers from memory, taken once, when the fold begins to serve.
    fn memory(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    /// Takes up what is held in memory from the rows; called once, before the first event.
    fn load(&mut self, _rows: &mut Rows<'_>) {}

    /// Whether enough has been gathered in memory, up to `position`, to be written down. A view that answers from memory is at
    /// its checkpoint only after [`Projection::snapshot`]; every other one always is.
    fn snapshot_due(&self, _position: Position) -> SnapshotDue {
        SnapshotDue::Always
    }

    /// Writes down what is held in memory.
    fn snapshot(&mut self, _rows: &mut Rows<'_>) {}
}

/// When a view's memory is written down with its checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotDue {
    /// It has no memory: every page ends at a checkpoint.
    Always,
    Now,
    /// Not yet. After a crash the events since the last snapshot are folded again.
    Later,
}
