//! The files next to a database: its lock, its register, and what was moved aside.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::engine::CLOSING_MAX;
use super::{DAMAGED_KEPT_MAX, reserve};
use tables::TableError;

/// The free space that a disk that was full must have before a database is opened on it again. With
/// less, opening would fill it again.
const ROOM_BYTES_MIN: u64 = 16 << 20;

/// A database's directory, held by this process alone.
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Takes the directory, which need not exist yet.
    pub(super) fn lock(path: &Path) -> Result<Self, TableError> {
        let path = std::path::absolute(path).map_err(|error| reason_of(&error))?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| reason_of(&error))?;
        }
        // Not the database's own lock, which moves away with the directory.
        let lock = File::create(sibling(&path, "lock")).map_err(|error| reason_of(&error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(TableError::InUse {
                path: path.display().to_string(),
            }),
            Err(TryLockError::Error(error)) => Err(reason_of(&error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the database's own file is unlocked: a database that was closed a moment ago in
    /// this process may still have a thread at work in it.
    pub(super) fn wait_until_free(&self, patience: Duration) -> Result<(), TableError> {
        let file = match File::open(self.path.join("db")) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(reason_of(&error)),
        };
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::Error(error)) => return Err(reason_of(&error)),
                Err(TryLockError::WouldBlock) if started.elapsed() > patience => {
                    return Err(TableError::InUse {
                        path: self.path.display().to_string(),
                    });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Waits until the database is closed, but not for ever: a dead thread never ends.
    pub(super) fn wait_until_closed(&self) {
        if let Err(error) = self.wait_until_free(CLOSING_MAX) {
            tracing::warn!("the database that failed is still being closed: {error}");
        }
    }

    /// Whether there is enough space to continue; yes if the system does not report it.
    pub(super) fn has_room(&self) -> bool {
        self.room_bytes().is_none_or(|room| room >= ROOM_BYTES_MIN)
    }

    fn room_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.path).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Reserves space for a start on a full disk, if much is free.
    pub(super) fn keep_reserve(&self) {
        reserve::keep(&sibling(&self.path, "reserve"), || {
            self.room_bytes().unwrap_or_default()
        });
    }

    /// Frees the reserved space; whether there was any.
    pub(super) fn release_reserve(&self) -> bool {
        reserve::release(&sibling(&self.path, "reserve"))
    }

    /// The tables that were persisted and not dropped since.
    pub(super) fn register(&self) -> Result<BTreeSet<String>, TableError> {
        match fs::read_to_string(sibling(&self.path, "register")) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(reason_of(&error)),
        }
    }

    /// Replaces the register, durably.
    pub(super) fn write_register(&self, names: &BTreeSet<String>) -> Result<(), TableError> {
        let write = || {
            let written = sibling(&self.path, "register.new");
            let mut file = File::create(&written)?;
            for name in names {
                writeln!(file, "{name}")?;
            }
            file.sync_all()?;
            fs::rename(&written, sibling(&self.path, "register"))?;
            self.sync_parent()
        };
        write().map_err(|error| reason_of(&error))
    }

    /// Why the engine is not to be started on this database, if it failed while it was in use.
    pub(super) fn suspicion(&self) -> Option<String> {
        let reason = fs::read(sibling(&self.path, "suspect")).ok()?;
        Some(format!(
            "it failed in use: {}",
            String::from_utf8_lossy(&reason)
        ))
    }

    /// Records that this database failed: it must not be opened again.
    pub(super) fn suspect(&self, reason: &str) {
        let write = || {
            let mut file = File::create(sibling(&self.path, "suspect"))?;
            file.write_all(reason.as_bytes())?;
            file.sync_all()?;
            self.sync_parent()
        };
        if let Err(error) = write() {
            let path = self.path.display();
            tracing::warn!(directory = %path, %error, "could not mark `{path}` as suspect: {error}");
        }
    }

    /// Renames the database to `….damaged-<n>`, deletes the oldest of these, and removes its
    /// register and mark. `None` if there was no directory.
    pub(super) fn move_aside(&self) -> Result<Option<PathBuf>, TableError> {
        let mut kept = self.damaged().map_err(|error| reason_of(&error))?;
        let number = kept.last().map_or(1, |newest| newest + 1);
        let aside = sibling(&self.path, &format!("damaged-{number}"));
        let moved_to = match fs::rename(&self.path, &aside) {
            Ok(()) => {
                kept.push(number);
                Some(aside)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(reason_of(&error)),
        };
        for number in kept.iter().rev().skip(DAMAGED_KEPT_MAX) {
            let oldest = sibling(&self.path, &format!("damaged-{number}"));
            if let Err(error) = fs::remove_dir_all(&oldest) {
                let oldest = oldest.display();
                tracing::warn!(%error, "could not delete `{oldest}`: {error}");
            }
        }
        // Only after the rename: a kill in between leaves a register without tables, which is found
        // at the start.
        for cause in ["suspect", "register"] {
            match fs::remove_file(sibling(&self.path, cause)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(reason_of(&error)),
                _ => {}
            }
        }
        self.sync_parent().map_err(|error| reason_of(&error))?;
        Ok(moved_to)
    }

    /// Makes the names in the directory, and its own name, survive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        self.sync_parent()
    }

    fn sync_parent(&self) -> io::Result<()> {
        match self.path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    /// The numbers of what was moved aside before, the oldest first.
    fn damaged(&self) -> io::Result<Vec<u64>> {
        let Some((parent, name)) = self.path.parent().zip(self.path.file_name()) else {
            return Ok(vec![]);
        };
        let prefix = format!("{}.damaged-", name.to_string_lossy());
        let mut numbers = Vec::new();
        for entry in fs::read_dir(parent)? {
            let name = entry?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix)?.parse::<u64>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn sibling(path: &Path, extension: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(extension);
    name.into()
}

/// What a failed system call means to a caller.
pub(super) fn reason_of(error: &io::Error) -> TableError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => TableError::Full,
        _ => TableError::Unavailable {
            reason: error.to_string(),
        },
    }
}
