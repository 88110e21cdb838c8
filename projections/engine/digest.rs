//! A digest of the content of a table.

use tables::{Range, Table, TableError};

use super::checkpoint;

/// How many rows are read at once.
const PAGE_ROWS: usize = 1024;

/// BLAKE3 over all rows in order, except the checkpoint: two folds of the same events agree on it.
///
/// # Errors
/// Those of [`Table::scan`].
pub fn table_digest(table: &dyn Table) -> Result<String, TableError> {
    let mut hasher = blake3::Hasher::new();
    let mut rest = Some(Range::all().limit(PAGE_ROWS));
    while let Some(range) = rest.take() {
        let rows = table.scan(range.clone())?;
        for (key, value) in rows.iter().filter(|(key, _)| key != checkpoint::KEY) {
            // Lengths keep one row's end apart from the next one's beginning.
            hasher.update(&(key.len() as u64).to_le_bytes());
            hasher.update(key);
            hasher.update(&(value.len() as u64).to_le_bytes());
            hasher.update(value);
        }
        if rows.len() == PAGE_ROWS {
            rest = rows.last().map(|(key, _)| range.after(key));
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}
