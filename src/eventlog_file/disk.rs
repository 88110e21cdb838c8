//! The one interface to the disk for everything that changes a file, so that tests can inject
//! faults.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

/// What is about to be done to a file.
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// These bytes are about to be written at this offset.
    Write {
        /// From the start of the file, in bytes.
        offset: u64,
        bytes: &'a [u8],
    },
    /// The file's data are about to be made durable.
    Sync,
    /// The file is about to be made, empty, or emptied.
    Create,
    /// The file is about to get this length.
    SetLength(u64),
    /// The file is about to get this name.
    Rename(&'a Path),
    /// The file is about to be removed.
    Remove,
    /// The names in this directory are about to be made durable.
    SyncDirectory,
}

/// What is to become of an operation.
#[derive(Debug)]
pub enum Verdict {
    Proceed,
    /// It fails with this error, and nothing was done.
    Fail(io::Error),
    /// A write fails after this many bytes of it were written.
    Short(usize, io::Error),
}

/// Injects faults between the log and the disk. For tests.
pub trait Faults: Send + Sync {
    /// Decides the result of an operation on this file, before it is done.
    fn before(&self, path: &Path, operation: Operation<'_>) -> Verdict;
}

/// The disk, perhaps with injected faults.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    faults: Option<Arc<dyn Faults>>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").finish_non_exhaustive()
    }
}

impl Disk {
    pub(crate) fn new(faults: Option<Arc<dyn Faults>>) -> Self {
        Self { faults }
    }

    fn ask(&self, path: &Path, operation: Operation<'_>) -> io::Result<()> {
        match &self.faults {
            None => Ok(()),
            Some(faults) => match faults.before(path, operation) {
                Verdict::Proceed => Ok(()),
                Verdict::Fail(error) | Verdict::Short(_, error) => Err(error),
            },
        }
    }

    /// Writes all of `bytes`.
    pub(crate) fn write_at(
        &self,
        file: &File,
        path: &Path,
        bytes: &[u8],
        offset: u64,
    ) -> io::Result<()> {
        if let Some(faults) = &self.faults {
            match faults.before(path, Operation::Write { offset, bytes }) {
                Verdict::Proceed => {}
                Verdict::Fail(error) => return Err(error),
                Verdict::Short(written, error) => {
                    file.write_all_at(&bytes[..written.min(bytes.len())], offset)?;
                    return Err(error);
                }
            }
        }
        file.write_all_at(bytes, offset)
    }

    /// Makes the data of a file durable, and as much of its metadata as is needed to find them.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.ask(path, Operation::Sync)?;
        file.sync_data()
    }

    /// Makes an empty file, or empties one that is there.
    pub(crate) fn create(&self, path: &Path) -> io::Result<File> {
        self.ask(path, Operation::Create)?;
        // Events hold names of people and of machines: for the owner alone, whatever the umask.
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
    }

    /// Gives a file a length; what it grows by reads as zeros.
    pub(crate) fn set_length(&self, file: &File, path: &Path, length: u64) -> io::Result<()> {
        self.ask(path, Operation::SetLength(length))?;
        file.set_len(length)
    }

    /// Gives a file a length, and reserves its space. A file system without reservation sets only
    /// the length.
    ///
    /// When the space is missing the file is removed: it would use space that others need.
    pub(crate) fn reserve(&self, file: &File, path: &Path, length: u64) -> io::Result<()> {
        let reserved =
            self.ask(path, Operation::SetLength(length)).and_then(
                |()| match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, length) {
                    Err(Errno::OPNOTSUPP) => file.set_len(length),
                    reserved => Ok(reserved?),
                },
            );
        if reserved.is_err()
            && let Err(error) = file.set_len(0)
        {
            tracing::warn!(%error, "could not empty {}: {error}", path.display());
        }
        reserved
    }

    /// Gives a file a new name, durably.
    pub(crate) fn rename(&self, from: &Path, to: &Path, directory: &Path) -> io::Result<()> {
        self.ask(from, Operation::Rename(to))?;
        fs::rename(from, to)?;
        self.sync_directory(directory)
    }

    /// Gives a file the name of another one, which it replaces. After a power cut either may be
    /// there.
    pub(crate) fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.ask(from, Operation::Rename(to))?;
        fs::rename(from, to)
    }

    /// Removes a file. That it comes back after a power cut must do no harm.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.ask(path, Operation::Remove)?;
        fs::remove_file(path)
    }

    /// Makes the names in a directory durable.
    pub(crate) fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.ask(directory, Operation::SyncDirectory)?;
        File::open(directory)?.sync_all()
    }
}
