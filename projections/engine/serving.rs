//! The table that answers now, and the memory that answers with it.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tables::{Overlay, TableError, Tables};

/// The table that answers now.
pub(crate) struct Serving {
    pub(crate) table: String,
    pub(crate) overlay: Arc<Overlay>,
    memory: Option<Arc<dyn Any + Send + Sync>>,
    damaged: AtomicBool,
    /// Where the table is dropped after its last reader.
    retired: OnceLock<Arc<dyn Tables>>,
}

impl Serving {
    pub(crate) fn new(
        table: String,
        overlay: Arc<Overlay>,
        memory: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Self {
        Self {
            table,
            overlay,
            memory,
            damaged: AtomicBool::new(false),
            retired: OnceLock::new(),
        }
    }

    /// Drops the table with the last question that is under way.
    pub(crate) fn retire(&self, tables: &Arc<dyn Tables>) {
        self.retired.get_or_init(|| Arc::clone(tables));
    }

    /// What answers from memory, if it is a `T`.
    pub(crate) fn memory<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.memory.as_ref()?).downcast().ok()
    }

    /// Remembers that the table is damaged; the driver then rebuilds the view.
    pub(crate) fn note(&self, error: &TableError) {
        if matches!(
            error,
            TableError::Damaged { .. } | TableError::Dropped { .. }
        ) {
            self.damaged.store(true, Ordering::Release);
        }
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Acquire)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let table = &self.table;
        if let Some(tables) = self.retired.get()
            && let Err(error) = tables.drop_table(table)
        {
            // It is found again, and dropped, at the next start.
            tracing::warn!(table, "the old table `{table}` was not dropped: {error}");
        }
    }
}
