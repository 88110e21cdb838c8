//! Room that is kept for a start on a full disk.
//!
//! sled writes while it opens, so that a server that had to be restarted on a full disk could answer nothing.
//! The room of this file is given back then, and is enough to open the tables and read from them.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

/// How large the file is.
pub(super) const RESERVE_BYTES: u64 = 16 << 20;

/// On a disk with less room than this many times the reserve, it would cause what it is there for.
const ROOM_FACTOR: u64 = 4;

/// Makes the file if there is none and so much is free that it does no harm. Nothing depends on it.
pub(super) fn keep(path: &Path, room_bytes: impl FnOnce() -> u64) {
    if path.exists() || room_bytes() < RESERVE_BYTES * ROOM_FACTOR {
        return;
    }
    if let Err(error) = make(path) {
        tracing::debug!(%error, "no room is reserved for a start on a full disk: {error}");
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

/// Gives the room back; says whether there was any.
pub(super) fn release(path: &Path) -> bool {
    match fs::remove_file(path) {
        Ok(()) => {
            tracing::warn!(
                bytes = RESERVE_BYTES,
                "the disk of the views is full: the room in {} is given back, so that they can be read",
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
