//! Storage of views: ordered keys and values in named tables.
//!
//! A table knows bytes and their order. It refuses to know events, positions and what a row means;
//! everything in it is derived from the log, and losing it costs a rebuild and nothing else.
//!
//! Start with [`Table`] and [`Tables`]; [`MemoryTables`] is for tests and small views, the crate
//! `tables_lsm` for real ones. [`Overlay`] lets a fold write without waiting for the disk and
//! without making readers wait. [`key`] builds keys whose byte order is the order that was meant.
//! [`conformance`] tests what every backend promises.

mod batch;
pub mod conformance;
mod error;
pub mod key;
mod memory;
mod overlay;
mod range;

use std::sync::Arc;

pub use batch::Batch;
pub use error::TableError;
pub use key::{KeyBuilder, KeyReader};
pub use memory::MemoryTables;
pub use overlay::{Overlay, Rows, View};
pub use range::{Bounds, Range};

/// A row's name; rows are ordered by its bytes.
pub type Key = Vec<u8>;

/// What a row holds. Cheap to clone.
pub type Value = bytes::Bytes;

/// The longest name of a table, in bytes.
pub const TABLE_NAME_BYTES_MAX: usize = 200;

/// One ordered map from keys to values.
///
/// Calls may wait for the disk: keep them off async threads.
pub trait Table: Send + Sync {
    /// The value under `key`.
    ///
    /// # Errors
    /// When the store cannot answer; see [`TableError`].
    fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError>;

    /// The rows within `range`, in its direction, at most its limit.
    ///
    /// A range whose end comes before its beginning is empty.
    ///
    /// # Errors
    /// When the store cannot answer; see [`TableError`].
    fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError>;

    /// Writes the whole batch or nothing of it, also when the process is killed half-way.
    ///
    /// It survives a kill or a power cut for certain only after [`Tables::persist`].
    ///
    /// # Errors
    /// When the store cannot take it; nothing of the batch is visible then.
    fn apply(&self, batch: &Batch) -> Result<(), TableError>;
}

/// A set of named tables that live and die together.
///
/// Tables are not renamed: what replaces a table carries a generation in its name (`runs@2`).
pub trait Tables: Send + Sync {
    /// The table of this name, created empty if there is none.
    ///
    /// # Errors
    /// [`TableError::Name`] for an empty, overlong or reserved name; or when the store cannot
    /// answer.
    fn open(&self, name: &str) -> Result<Arc<dyn Table>, TableError>;

    /// Removes a table with all its rows; a table that is not there is already removed.
    ///
    /// Handles that are still held answer [`TableError::Dropped`] from then on.
    ///
    /// # Errors
    /// When the store cannot do it.
    fn drop_table(&self, name: &str) -> Result<(), TableError>;

    /// The names of all tables, in order.
    ///
    /// # Errors
    /// When the store cannot answer.
    fn names(&self) -> Result<Vec<String>, TableError>;

    /// Returns once every batch applied before the call survives a kill and a power cut.
    ///
    /// # Errors
    /// When the store cannot promise it.
    fn persist(&self) -> Result<(), TableError>;

    /// The failure that every call answers until the tables are opened again, if there is one.
    fn failure(&self) -> Option<TableError> {
        None
    }

    /// Opens the tables again, if they have failed: as they were when they were last persisted, or
    /// empty if they are damaged. Handles from before go on answering the failure.
    ///
    /// # Errors
    /// When they cannot be opened yet; trying again later is right. [`TableError::InUse`] while a
    /// call from before is under way.
    fn revive(&self) -> Result<(), TableError> {
        Ok(())
    }

    /// What the tables take up together, in bytes; an estimate for operators.
    fn size_bytes(&self) -> u64;
}

/// Refuses names that a backend reserves for itself.
///
/// # Errors
/// [`TableError::Name`] for an empty, overlong or reserved name.
pub fn check_name(name: &str) -> Result<(), TableError> {
    let reserved = name.starts_with("__sled__");
    if name.is_empty() || name.len() > TABLE_NAME_BYTES_MAX || reserved {
        let name = name.chars().take(TABLE_NAME_BYTES_MAX).collect();
        return Err(TableError::Name { name });
    }
    Ok(())
}
