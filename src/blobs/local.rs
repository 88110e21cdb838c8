//! Blobs in a folder of this machine.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use object_store::local::LocalFileSystem;

use crate::BlobError;

/// A folder that survives power cuts: file, names and new directories are synced before a write is
/// answered.
pub(crate) fn open(directory: &Path) -> Result<(LocalFileSystem, PathBuf), BlobError> {
    fs::create_dir_all(directory)?;
    let directory = directory.canonicalize()?;
    sync_directory(&directory)?;
    if let Some(parent) = directory.parent() {
        sync_directory(parent)?;
    }
    let store = LocalFileSystem::new_with_prefix(&directory)?.with_fsync(true);
    Ok((store, directory))
}

/// Makes the name of a blob durable that another writer may have given it a moment ago.
pub(crate) fn sync_name(directory: &Path, name: &str) -> io::Result<()> {
    if let Some(parent) = directory.join(name).parent() {
        sync_directory(parent)?;
    }
    sync_directory(directory)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
