//! Tables that live as long as the process: for tests, and for replays that fit into memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::{Batch, Key, Range, Table, TableError, Tables, Value, check_name};

/// Tables in ordered maps.
#[derive(Default)]
pub struct MemoryTables {
    tables: Mutex<BTreeMap<String, Arc<MemoryTable>>>,
}

impl MemoryTables {
    /// No tables yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Tables for MemoryTables {
    fn open(&self, name: &str) -> Result<Arc<dyn Table>, TableError> {
        check_name(name)?;
        let mut tables = self.tables.lock();
        let table = tables.entry(name.to_owned()).or_insert_with(|| {
            let rows = RwLock::new(Some(BTreeMap::new()));
            Arc::new(MemoryTable {
                name: name.to_owned(),
                rows,
            })
        });
        Ok(Arc::<MemoryTable>::clone(table))
    }

    fn drop_table(&self, name: &str) -> Result<(), TableError> {
        if let Some(table) = self.tables.lock().remove(name) {
            *table.rows.write() = None;
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>, TableError> {
        Ok(self.tables.lock().keys().cloned().collect())
    }

    fn persist(&self) -> Result<(), TableError> {
        Ok(())
    }

    fn size_bytes(&self) -> u64 {
        let tables: Vec<_> = self.tables.lock().values().cloned().collect();
        tables.iter().map(|table| table.size_bytes()).sum()
    }
}

struct MemoryTable {
    name: String,
    /// `None` once dropped.
    rows: RwLock<Option<BTreeMap<Key, Value>>>,
}

impl MemoryTable {
    fn dropped(&self) -> TableError {
        TableError::Dropped {
            name: self.name.clone(),
        }
    }

    fn size_bytes(&self) -> u64 {
        let rows = self.rows.read();
        let rows = rows.iter().flatten();
        rows.map(|(key, value)| (key.len() + value.len()) as u64)
            .sum()
    }
}

impl Table for MemoryTable {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        let rows = self.rows.read();
        let rows = rows.as_ref().ok_or_else(|| self.dropped())?;
        Ok(rows.get(key).cloned())
    }

    fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        let rows = self.rows.read();
        let rows = rows.as_ref().ok_or_else(|| self.dropped())?;
        let Some(bounds) = range.bounds() else {
            return Ok(vec![]);
        };
        let found = rows.range::<[u8], _>(bounds);
        let owned = |(key, value): (&Key, &Value)| (key.clone(), value.clone());
        Ok(if range.reverse {
            found.rev().take(range.limit).map(owned).collect()
        } else {
            found.take(range.limit).map(owned).collect()
        })
    }

    fn apply(&self, batch: &Batch) -> Result<(), TableError> {
        let mut rows = self.rows.write();
        let rows = rows.as_mut().ok_or_else(|| self.dropped())?;
        for (key, value) in batch.iter() {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
