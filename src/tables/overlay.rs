//! Writes that readers see before the disk has them.
//!
//! Three layers, the newest first: *dirty* (written since the last freeze), *frozen* (on its way
//! into the table), and the table itself. The table changes only by the frozen batch, and the
//! frozen layer hides every key of that batch until [`Overlay::committed`]: so a reader sees the
//! same rows before, during and after the write, and never has to wait for it.

mod merge;

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};

use crate::{Batch, Key, Range, Table, TableError, Value};

/// A write-behind view over one table. The overlay must be the table's only writer.
pub struct Overlay {
    table: Arc<dyn Table>,
    layers: RwLock<Layers>,
    /// Held while rows are staged: two folds that read before they write would lose updates.
    writer: Mutex<()>,
    /// Held while a frozen batch is written, so that two commits do not pass each other.
    committer: Mutex<()>,
}

#[derive(Default)]
struct Layers {
    dirty: Batch,
    frozen: Option<Arc<Batch>>,
}

impl Overlay {
    /// A view over `table` without uncommitted writes.
    pub fn new(table: Arc<dyn Table>) -> Self {
        let layers = RwLock::new(Layers::default());
        Self {
            table,
            layers,
            writer: Mutex::new(()),
            committer: Mutex::new(()),
        }
    }

    /// Several reads of one moment. Publishing waits until the view is dropped: keep it short, and
    /// read from the view, not from the overlay, while it is held.
    pub fn view(&self) -> View<'_> {
        View {
            table: &*self.table,
            layers: self.layers.read(),
        }
    }

    /// Stages writes that no reader sees before [`Rows::publish`]. Waits for other stages.
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            overlay: self,
            staged: Batch::new(),
            _writer: self.writer.lock(),
        }
    }

    /// Sets one value, at once visible.
    pub fn put(&self, key: impl Into<Key>, value: impl Into<Value>) {
        let _writer = self.writer.lock();
        self.layers.write().dirty.put(key, value);
    }

    /// Deletes one row, at once visible.
    pub fn delete(&self, key: impl Into<Key>) {
        let _writer = self.writer.lock();
        self.layers.write().dirty.delete(key);
    }

    /// How many keys wait in the dirty layer.
    pub fn dirty_len(&self) -> usize {
        self.layers.read().dirty.len()
    }

    /// Takes what is dirty as a batch to be written; readers go on seeing it.
    ///
    /// While a frozen batch has not been committed it is returned again, so that a failed write is
    /// repeated before a later one. `None` when there is nothing to write.
    pub fn freeze(&self) -> Option<Arc<Batch>> {
        let mut layers = self.layers.write();
        if layers.frozen.is_none() && !layers.dirty.is_empty() {
            layers.frozen = Some(Arc::new(std::mem::take(&mut layers.dirty)));
        }
        layers.frozen.clone()
    }

    /// Forgets the frozen batch: the table has it.
    pub fn committed(&self) {
        let frozen = self.layers.write().frozen.take();
        // A large batch is freed here, after the lock that readers wait for.
        drop(frozen);
    }

    /// Freezes, writes and forgets: what was dirty is in the table. Returns the rows written.
    ///
    /// # Errors
    /// Those of [`Table::apply`]. The batch stays visible and is written by the next commit.
    pub fn commit(&self) -> Result<usize, TableError> {
        let _committer = self.committer.lock();
        let Some(batch) = self.freeze() else {
            return Ok(0);
        };
        self.table.apply(&batch)?;
        self.committed();
        Ok(batch.len())
    }
}

impl Table for Overlay {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        self.view().get(key)
    }

    fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        self.view().scan(range)
    }

    /// Makes the batch visible at once; it reaches the table with the next commit.
    fn apply(&self, batch: &Batch) -> Result<(), TableError> {
        let _writer = self.writer.lock();
        self.layers.write().dirty.merge(batch.clone());
        Ok(())
    }
}

/// Reads of one moment.
pub struct View<'o> {
    table: &'o dyn Table,
    layers: RwLockReadGuard<'o, Layers>,
}

impl View<'_> {
    /// The value under `key`.
    ///
    /// # Errors
    /// Those of [`Table::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        for layer in self.layers.newest_first() {
            if let Some(written) = layer.get(key) {
                return Ok(written.cloned());
            }
        }
        self.table.get(key)
    }

    /// The rows within `range`.
    ///
    /// # Errors
    /// Those of [`Table::scan`].
    pub fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        let layers: Vec<&Batch> = self.layers.newest_first().collect();
        merge::scan(&layers, self.table, range)
    }
}

impl Layers {
    fn newest_first(&self) -> impl Iterator<Item = &Batch> {
        [Some(&self.dirty), self.frozen.as_deref()]
            .into_iter()
            .flatten()
    }
}

/// Staged writes: only the stage sees them, and they become visible together.
///
/// Dropped without [`Rows::publish`], they never happened.
pub struct Rows<'o> {
    overlay: &'o Overlay,
    staged: Batch,
    _writer: MutexGuard<'o, ()>,
}

impl Rows<'_> {
    /// The value under `key`, with what is staged.
    ///
    /// # Errors
    /// Those of [`Table::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        match self.staged.get(key) {
            Some(written) => Ok(written.cloned()),
            None => self.overlay.view().get(key),
        }
    }

    /// The rows within `range`, with what is staged.
    ///
    /// # Errors
    /// Those of [`Table::scan`].
    pub fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        let view = self.overlay.view();
        let layers: Vec<&Batch> = std::iter::once(&self.staged)
            .chain(view.layers.newest_first())
            .collect();
        merge::scan(&layers, view.table, range)
    }

    /// Stages a value.
    pub fn put(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        self.staged.put(key, value);
    }

    /// Stages a deletion.
    pub fn delete(&mut self, key: impl Into<Key>) {
        self.staged.delete(key);
    }

    /// Makes everything staged visible at one moment, and leaves an empty stage.
    pub fn publish(&mut self) {
        let staged = std::mem::take(&mut self.staged);
        if !staged.is_empty() {
            self.overlay.layers.write().dirty.merge(staged);
        }
    }
}

#[cfg(test)]
mod tests;
