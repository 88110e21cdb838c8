//! The log's head by the tables, whichever program wrote them.

use eventlog::Position;
use tables::{TableError, Tables};

use super::checkpoint::Checkpoint;

/// The table whose checkpoint is furthest in the log, and its position; none when there is no checkpoint.
///
/// # Errors
/// When the tables as a whole cannot be read. An unreadable table is skipped.
pub fn furthest_checkpoint(tables: &dyn Tables) -> Result<Option<(String, Position)>, TableError> {
    let checkpoints = checkpoints(tables)?.into_iter();
    Ok(checkpoints.max_by_key(|(_, position)| *position))
}

/// Drops the tables whose checkpoint is ahead of a position, and returns their names.
///
/// # Errors
/// When the tables cannot be read or changed.
pub fn drop_tables_ahead(tables: &dyn Tables, head: Position) -> Result<Vec<String>, TableError> {
    let mut dropped = Vec::new();
    for (name, position) in checkpoints(tables)? {
        if position > head {
            tables.drop_table(&name)?;
            dropped.push(name);
        }
    }
    tables.persist()?;
    Ok(dropped)
}

fn checkpoints(tables: &dyn Tables) -> Result<Vec<(String, Position)>, TableError> {
    let mut found = Vec::new();
    for name in tables.names()? {
        let table = tables.open(&name)?;
        match Checkpoint::read(&*table) {
            Ok(Some(checkpoint)) => found.push((name, checkpoint.position)),
            Ok(None) | Err(TableError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
