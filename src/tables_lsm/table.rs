//! A handle on one table.

use std::sync::Arc;

use parking_lot::RwLock;

use super::engine::Engine;
use super::runs::RunSet;
use tables::{Batch, Key, Range, Table, TableError, Value};

/// A handle on one table. It keeps the database open until it is ended.
pub(super) struct LsmTable {
    name: String,
    /// What answers, or the error that is answered from now on.
    inside: RwLock<Result<Inside, TableError>>,
}

/// What a table answers from.
struct Inside {
    runs: Arc<RunSet>,
    engine: Arc<Engine>,
}

impl LsmTable {
    pub(super) fn new(name: String, runs: Arc<RunSet>, engine: Arc<Engine>) -> Self {
        let inside = RwLock::new(Ok(Inside { runs, engine }));
        Self { name, inside }
    }

    /// Releases the database, and answers only this error from now on.
    pub(super) fn end(&self, reason: TableError) {
        drop(self.replace(reason));
    }

    /// Answers from now on that it was dropped, and returns its files.
    pub(super) fn drop_rows(&self) -> Vec<u64> {
        match self.replace(self.dropped()) {
            Ok(inside) => inside.runs.close(),
            Err(_) => vec![],
        }
    }

    fn replace(&self, reason: TableError) -> Result<Inside, TableError> {
        std::mem::replace(&mut *self.inside.write(), Err(reason))
    }

    fn call<T>(
        &self,
        call: impl FnOnce(&Inside) -> Option<Result<T, TableError>>,
    ) -> Result<T, TableError> {
        // Held as long as the call takes: when `end` returns, no call is under way.
        let inside = self.inside.read();
        let inside = inside.as_ref().map_err(TableError::clone)?;
        inside.engine.check()?;
        match call(inside) {
            None => Err(self.dropped()),
            Some(Err(TableError::Damaged { reason })) => Err(TableError::Damaged {
                reason: format!("table `{}`: {reason}", self.name),
            }),
            Some(answer) => answer,
        }
    }

    fn dropped(&self) -> TableError {
        let name = self.name.clone();
        TableError::Dropped { name }
    }
}

impl Table for LsmTable {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        self.call(|inside| inside.runs.get(key))
    }

    fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        self.call(|inside| inside.runs.scan(&range))
    }

    fn apply(&self, batch: &Batch) -> Result<(), TableError> {
        self.call(|Inside { runs, engine }| {
            let applied = runs.apply(batch)?;
            if let Ok(true) = applied {
                engine.merge_soon(runs);
            }
            Some(applied.map(drop))
        })
    }
}
