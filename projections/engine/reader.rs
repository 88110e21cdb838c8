//! How questions read rows.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use tables::{Key, Range, Table, TableError, Value};

use super::serving::Serving;
use super::stored;

/// The result of a query: the answer, or the error of the tables.
pub type Answer<T> = Result<T, TableError>;

/// Reads the rows of one view as they are now. Calls may wait for the disk.
#[derive(Clone)]
pub struct Reader {
    serving: Arc<Serving>,
}

impl Reader {
    pub(crate) fn new(serving: Arc<Serving>) -> Self {
        Self { serving }
    }

    /// The row under `key`.
    pub fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Answer<Option<T>> {
        let value = self.noted(self.serving.overlay.get(key))?;
        value.map(|value| self.decode(&value)).transpose()
    }

    /// The rows within `range`, as bytes.
    pub fn scan(&self, range: Range<'_>) -> Answer<Vec<(Key, Value)>> {
        self.noted(self.serving.overlay.scan(range))
    }

    /// Reads a value that a scan has found.
    ///
    /// # Errors
    /// When it is something else.
    pub fn decode<T: DeserializeOwned>(&self, value: &[u8]) -> Answer<T> {
        self.noted(stored::decode(value))
    }

    pub(crate) fn digest(&self) -> Answer<String> {
        self.noted(super::digest::table_digest(&*self.serving.overlay))
    }

    pub(crate) fn memory<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.serving.memory()
    }

    fn noted<T>(&self, answer: Result<T, TableError>) -> Answer<T> {
        answer.inspect_err(|error| self.serving.note(error))
    }
}
