//! What a fold reads and writes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::{Key, Range, TableError, Value};

use super::stored;

/// The rows of one view, as a fold sees them: staged writes first, then what is visible, then the table.
///
/// A fold cannot fail, but a table can. The first failure is kept and all staged rows are dropped
/// before they are visible; until the fold notices, reads find nothing.
pub struct Rows<'o> {
    staged: tables::Rows<'o>,
    failure: Option<TableError>,
    written: usize,
}

impl<'o> Rows<'o> {
    pub(crate) fn new(staged: tables::Rows<'o>) -> Self {
        Self {
            staged,
            failure: None,
            written: 0,
        }
    }

    /// The row under `key`.
    pub fn get<T: DeserializeOwned>(&mut self, key: &[u8]) -> Option<T> {
        let value = self.get_bytes(key)?;
        match stored::decode(&value) {
            Ok(row) => Some(row),
            Err(error) => self.fail(error),
        }
    }

    /// The bytes under `key`.
    pub fn get_bytes(&mut self, key: &[u8]) -> Option<Value> {
        match self.staged.get(key) {
            Ok(value) => value,
            Err(error) => self.fail(error),
        }
    }

    /// The rows within `range`. A fold that needs this sets a limit.
    pub fn scan(&mut self, range: Range<'_>) -> Vec<(Key, Value)> {
        match self.staged.scan(range) {
            Ok(rows) => rows,
            Err(error) => self.fail(error).unwrap_or_default(),
        }
    }

    /// Sets the row under `key`.
    pub fn put<T: Serialize>(&mut self, key: impl Into<Key>, row: &T) {
        self.put_bytes(key, stored::encode(row));
    }

    /// Sets the bytes under `key`.
    pub fn put_bytes(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        self.written += 1;
        self.staged.put(key, value);
    }

    /// Removes the row under `key`.
    pub fn delete(&mut self, key: impl Into<Key>) {
        self.written += 1;
        self.staged.delete(key);
    }

    /// Adds to a counter, which is a row of its own as long as it is not 0.
    pub(crate) fn count(&mut self, key: Key, by: i64) {
        let before: i64 = self.get(&key).unwrap_or_default();
        match before + by {
            // How a log was cut into pages must not show: a counter that came to nothing within one page was
            // never written.
            0 => self.delete(key),
            count => self.put(key, &count),
        }
    }

    /// How many writes there were.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// Makes everything visible at once, or nothing when the table failed meanwhile.
    pub(crate) fn publish(mut self) -> Result<(), TableError> {
        match self.failure {
            Some(error) => Err(error),
            None => {
                self.staged.publish();
                Ok(())
            }
        }
    }

    /// Keeps the first failure.
    pub(crate) fn fail<T>(&mut self, error: TableError) -> Option<T> {
        self.failure.get_or_insert(error);
        None
    }

    pub(crate) fn failed(&self) -> bool {
        self.failure.is_some()
    }
}
