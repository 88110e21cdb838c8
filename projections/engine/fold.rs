//! A projection without its type, so that one engine can hold all of them.

use std::any::Any;
use std::sync::Arc;

use domain::EventKind;
use eventlog::Position;

use super::envelope::Envelope;
use super::projection::{Projection, SnapshotDue};
use super::rows::Rows;

pub(crate) trait Fold: Send {
    fn apply(&mut self, envelope: &Envelope<'_>, rows: &mut Rows<'_>);
    fn flush(&mut self, rows: &mut Rows<'_>);
    fn memory(&self) -> Option<Arc<dyn Any + Send + Sync>>;
    fn load(&mut self, rows: &mut Rows<'_>);
    fn snapshot_due(&self, position: Position) -> SnapshotDue;
    fn snapshot(&mut self, rows: &mut Rows<'_>);
}

impl<P: Projection> Fold for P {
    fn apply(&mut self, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        if let Some(event) = P::Event::of_ref(envelope.event) {
            Projection::apply(self, event, envelope, rows);
        }
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        Projection::flush(self, rows);
    }

    fn memory(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Projection::memory(self)
    }

    fn load(&mut self, rows: &mut Rows<'_>) {
        Projection::load(self, rows);
    }

    fn snapshot_due(&self, position: Position) -> SnapshotDue {
        Projection::snapshot_due(self, position)
    }

    fn snapshot(&mut self, rows: &mut Rows<'_>) {
        Projection::snapshot(self, rows);
    }
}
