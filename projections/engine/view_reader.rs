//! Views by type: which fold writes what a reader reads.

use std::fmt::Display;
use std::sync::Arc;

use eventlog::StreamName;
use tables::{MemoryTables, Overlay, TableError, Tables};

use super::envelope::Envelope;
use super::fold::Fold;
use super::projection::Projection;
use super::reader::{Answer, Reader};
use super::rows::Rows;
use super::serving::Serving;

/// What handlers read one view through. The type names the view.
pub trait ViewReader: Sized {
    /// The fold that writes the rows.
    type Fold: Projection;

    /// Reads these rows.
    fn over(reader: Reader) -> Self;
}

/// One view or several: what a caller waits for.
pub trait ViewSet {
    fn names() -> Vec<&'static str>;
}

impl<V: ViewReader> ViewSet for V {
    fn names() -> Vec<&'static str> {
        vec![V::Fold::NAME]
    }
}

impl<A: ViewReader, B: ViewReader> ViewSet for (A, B) {
    fn names() -> Vec<&'static str> {
        vec![A::Fold::NAME, B::Fold::NAME]
    }
}

/// A view each row of which follows from a few streams alone, so that a row can be folded as of then.
pub trait RowAsOf: ViewReader<Fold: Default> {
    /// What names a row.
    type Key: ?Sized + Sync;
    type Row: Send;

    /// The streams that a row follows from; none when the key cannot name a stream.
    fn streams(key: &Self::Key) -> Vec<StreamName>;

    /// The row under `key`.
    fn row(&self, key: &Self::Key) -> Answer<Option<Self::Row>>;
}

/// The stream of a category under this key; none when the key cannot name one.
pub fn stream(category: &str, key: impl Display) -> Vec<StreamName> {
    let name = StreamName::new(category, &key.to_string());
    name.into_iter().collect()
}

/// One fold with a table of its own in memory.
pub(crate) struct Alone<F> {
    fold: F,
    overlay: Arc<Overlay>,
}

impl<F: Projection + Default> Alone<F> {
    pub(crate) fn new() -> Result<Self, TableError> {
        let table = MemoryTables::new().open(F::NAME)?;
        let overlay = Arc::new(Overlay::new(table));
        let fold = F::default();
        Ok(Self { fold, overlay })
    }

    pub(crate) fn apply(&mut self, envelope: &Envelope<'_>) -> Result<(), TableError> {
        let mut rows = Rows::new(self.overlay.rows());
        Fold::apply(&mut self.fold, envelope, &mut rows);
        Fold::flush(&mut self.fold, &mut rows);
        rows.publish()
    }

    pub(crate) fn view<V: ViewReader<Fold = F>>(self) -> V {
        let memory = Fold::memory(&self.fold);
        let serving = Serving::new(F::NAME.to_owned(), self.overlay, memory);
        V::over(Reader::new(Arc::new(serving)))
    }
}
