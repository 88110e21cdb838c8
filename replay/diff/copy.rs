//! Copies tables that no process has open.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::ToolError;

/// Copies a directory of tables and the register of its content next to it, without the lock.
pub fn tables(from: &Path, to: &Path) -> Result<(), ToolError> {
    copy_directory(from, to)?;
    for beside in [".register", ".suspect"] {
        let register = with(from, beside);
        if register.is_file() {
            let to = with(to, beside);
            fs::copy(&register, &to).map_err(|error| ToolError::file(&register, error))?;
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
        } else {
            fs::copy(&path, &to).map_err(|error| ToolError::file(&path, error))?;
        }
    }
    Ok(())
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
