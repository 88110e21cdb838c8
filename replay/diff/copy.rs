//! Copies tables that no process has open, but for their runs: these are nearly all bytes, and never change.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::ToolError;

/// The folder of runs within a directory of tables.
const RUNS: &str = "runs";

/// Copies a directory of tables and the register next to it, which says what must be found in it. The lock is
/// left behind, and runs are linked: a process that has the copy open reads those of the original, removes only
/// links, and writes runs of its own next to them.
///
/// # Errors
/// When something cannot be read or written.
pub fn tables(from: &Path, to: &Path) -> Result<(), ToolError> {
    // A link must lead to the original from wherever it is.
    let from = std::path::absolute(from).map_err(|error| ToolError::file(from, error))?;
    copy_directory(&from, to)?;
    for suffix in [".register", ".suspect"] {
        let register = with(&from, suffix);
        if register.is_file() {
            copy(&register, &with(to, suffix))?;
        }
    }
    Ok(())
}

fn copy_directory(from: &Path, to: &Path) -> Result<(), ToolError> {
    fs::create_dir_all(to).map_err(|error| ToolError::file(to, error))?;
    let entries = fs::read_dir(from).map_err(|error| ToolError::file(from, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| ToolError::file(from, error))?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_directory(&path, &to)?;
        } else if from.ends_with(RUNS) {
            symlink(&path, &to).map_err(|error| ToolError::file(&to, error))?;
        } else {
            copy(&path, &to)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), ToolError> {
    let copied = fs::copy(from, to);
    copied
        .map(drop)
        .map_err(|error| ToolError::file(from, error))
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use tables::{Batch, Tables};
    use tables_lsm::{LsmConfig, LsmTables};

    use super::*;

    fn open(path: &Path) -> LsmTables {
        LsmTables::open(path, &LsmConfig::default()).unwrap().tables
    }

    /// Writes many rows of 1 KiB, and deletes one that was written before.
    fn change(tables: &LsmTables, round: u8) {
        let table = tables.open("rows").unwrap();
        let mut batch = Batch::new();
        for row in 0..=255 {
            batch.put([round, row], vec![row; 1024]);
        }
        batch.delete([round - 1, 0]);
        table.apply(&batch).unwrap();
        tables.persist().unwrap();
    }

    fn files(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(path).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }

    /// All of `views/` was copied to compare a log with it, gigabytes for one number of each view.
    #[test]
    fn a_copy_has_the_rows_and_takes_no_room_for_them_and_the_original_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (original, copied) = (folder.path().join("views"), folder.path().join("copy"));
        change(&open(&original), 1);
        let runs = files(&original.join(RUNS));
        let bytes: usize = runs.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(bytes > 100_000, "{bytes}");

        tables(&original, &copied).unwrap();
        for entry in fs::read_dir(copied.join(RUNS)).unwrap() {
            assert!(entry.unwrap().file_type().unwrap().is_symlink());
        }
        // As when a view of the copy catches up with the log: its runs are merged.
        let copy = open(&copied);
        for round in 2..5 {
            change(&copy, round);
        }
        copy.drop_table("rows").unwrap();
        copy.persist().unwrap();
        drop(copy);
        assert_eq!(files(&original.join(RUNS)), runs);
        let table = open(&original).open("rows").unwrap();
        let row = table.get(&[1, 7]).unwrap();
        assert_eq!(row.as_deref(), Some(&[7; 1024][..]));
        assert_eq!(table.get(&[2, 7]).unwrap(), None);
    }
}
