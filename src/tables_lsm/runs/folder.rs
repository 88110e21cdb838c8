//! The files of runs, in the directory of the database.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::cache::Cache;

/// The files of runs, by their numbers.
pub(crate) struct Folder {
    path: PathBuf,
    /// A number is not used again while a file of that number may exist.
    next_number: AtomicU64,
    pub(super) cache: Cache,
    /// Files of dropped tables: removed once the drop of the table has been persisted.
    dropped: Mutex<Vec<u64>>,
    /// The database is being closed: merges end early.
    stopping: AtomicBool,
}

impl Folder {
    /// The folder within the database's directory, which exists, without the files that no manifest
    /// names.
    pub(crate) fn open(
        database: &Path,
        named: &BTreeSet<u64>,
        cache_bytes: u64,
    ) -> io::Result<Self> {
        let path = path_in(database);
        fs::create_dir_all(&path)?;
        let mut newest = named.last().copied().unwrap_or(0);
        for entry in fs::read_dir(&path)? {
            let path = entry?.path();
            let number = path
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok());
            newest = newest.max(number.unwrap_or(0));
            if number.is_none_or(|number| !named.contains(&number)) {
                // Half written when the process ended, or merged into another.
                fs::remove_file(&path)?;
            }
        }
        Ok(Self {
            path,
            next_number: AtomicU64::new(newest + 1),
            cache: Cache::new(cache_bytes),
            dropped: Mutex::default(),
            stopping: AtomicBool::new(false),
        })
    }

    pub(super) fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn path_of(&self, number: u64) -> PathBuf {
        file_in(&self.path, number)
    }

    pub(super) fn create(&self, number: u64) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(self.path_of(number))
    }

    /// Removes a file; one that is left over is removed at the next start.
    pub(super) fn remove(&self, number: u64) {
        if let Err(error) = fs::remove_file(self.path_of(number))
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, "run {number} of the tables was not removed: {error}");
        }
    }

    /// Makes the names of the files survive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Removes these files after the next [`Folder::take_dropped`].
    pub(crate) fn drop_later(&self, numbers: impl IntoIterator<Item = u64>) {
        self.dropped.lock().extend(numbers);
    }

    /// The files to be removed after the tables have been persisted again.
    pub(crate) fn take_dropped(&self) -> Vec<u64> {
        std::mem::take(&mut *self.dropped.lock())
    }

    pub(crate) fn remove_all(&self, numbers: Vec<u64>) {
        for number in numbers {
            self.remove(number);
        }
    }

    /// What the files take up together.
    pub(crate) fn size_bytes(&self) -> u64 {
        let entries = fs::read_dir(&self.path).into_iter().flatten();
        // Of files, not of links to them: a copy of the database may share its runs.
        let sizes = entries.filter_map(|entry| Some(fs::metadata(entry.ok()?.path()).ok()?.len()));
        sizes.sum()
    }

    /// Breaks off what is being written.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// The directory of a database's runs.
pub(super) fn path_in(database: &Path) -> PathBuf {
    database.join("runs")
}

pub(super) fn file_in(folder: &Path, number: u64) -> PathBuf {
    folder.join(number.to_string())
}
