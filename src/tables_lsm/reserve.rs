//! Disk space that is reserved for a start on a full disk.
//!
//! sled writes while it opens, so that a server that was restarted on a full disk could not open
//! its views. This file is removed then, which frees enough to open the tables and to read from
//! them.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

/// How large the file is.
pub(super) const RESERVE_BYTES: u64 = 16 << 20;

/// On a disk with less free space than this many times the reserve, the reserve itself would fill
/// the disk.
const ROOM_FACTOR: u64 = 4;

/// Creates the file if there is none and enough is free. A failure is logged and changes nothing.
pub(super) fn keep(path: &Path, room_bytes: impl FnOnce() -> u64) {
    if path.exists() || room_bytes() < RESERVE_BYTES * ROOM_FACTOR {
        return;
    }
    if let Err(error) = make(path) {
        tracing::debug!(%error, "no disk space is reserved for a start on a full disk: {error}");
        let _ = fs::remove_file(path);
    }
}

fn make(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES)?)
}

/// Removes the file; whether there was one.
pub(super) fn release(path: &Path) -> bool {
    match fs::remove_file(path) {
        Ok(()) => {
            tracing::warn!(
                bytes = RESERVE_BYTES,
                "the disk of the views is full: {} was removed, so that they can be opened and read",
                path.display()
            );
            true
        }
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => {
            tracing::warn!(%error, "{} cannot be removed: {error}", path.display());
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_where_there_is_enough_and_given_back_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("views.reserve");
        keep(&path, || RESERVE_BYTES);
        assert!(!path.exists(), "the disk is too small");
        assert!(!release(&path));
        keep(&path, || u64::MAX);
        assert_eq!(fs::metadata(&path).unwrap().len(), RESERVE_BYTES);
        keep(&path, || u64::MAX);
        assert!(release(&path));
        assert!(!release(&path));
    }
}
