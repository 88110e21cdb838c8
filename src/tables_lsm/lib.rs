//! Tables on disk: an LSM tree of sorted runs for each table, with sled for manifests and small
//! runs.
//!
//! Knows bytes, files and sled; refuses to know what a row means. Start with [`LsmTables`], then
//! `runs.rs`; `FORMAT.md` describes every file.
//!
//! sled can lose writes in a power cut, panics on damaged files, and has opened damaged databases
//! as empty ones without an error. So only derived data is stored here, [`Tables::persist`] syncs
//! through a file handle of our own, panics of sled are caught, and a database that cannot be read
//! is moved aside, replaced by an empty one and *reported*: see [`Opened`].
//!
//! | next to `views/`     | content                                                       |
//! |----------------------|---------------------------------------------------------------|
//! | `views.lock`         | locked by the process that has the tables open                |
//! | `views.register`     | which tables were persisted: they must be found again         |
//! | `views.suspect`      | sled failed while in use; the database is not opened again    |
//! | `views.reserve`      | disk space that is freed when a start finds the disk full     |
//! | `views.damaged-<n>/` | what was moved aside, the newest [`DAMAGED_KEPT_MAX`]         |

mod directory;
mod engine;
mod open;
mod reserve;
mod runs;
mod table;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use directory::{Directory, reason_of};
use open::OpenTables;
use tables::{Table, TableError, Tables, check_name};

/// Damaged databases that are kept for inspection.
pub const DAMAGED_KEPT_MAX: usize = 3;

/// Settings of the tables.
#[derive(Clone, Debug)]
pub struct LsmConfig {
    /// Memory for blocks of rows that were read lately, in bytes.
    pub cache_bytes: u64,
    /// How long opening may take. A database that takes longer counts as damaged: a rebuild is
    /// certain to end, and a recovery that loops is not.
    pub open_within: Duration,
}

impl Default for LsmConfig {
    fn default() -> Self {
        Self {
            cache_bytes: 32 << 20,
            open_within: Duration::from_secs(120),
        }
    }
}

/// Tables that were opened, and whether something was lost on the way.
#[derive(Debug)]
pub struct Opened {
    pub tables: LsmTables,
    /// What was found damaged. The tables are empty then, and everything is to be rebuilt.
    pub damaged: Option<Damage>,
}

/// Why tables are empty that should not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub reason: String,
    /// Where the damaged database is now; `None` if there was nothing to move.
    pub moved_to: Option<PathBuf>,
}

/// Tables on disk. Handles on its tables keep the database open.
pub struct LsmTables {
    /// What was opened last, or why nothing is open. Replaced as a whole: rows of two databases
    /// never mix.
    open: RwLock<Result<Arc<OpenTables>, TableError>>,
    /// Held while they are opened again.
    reviving: Mutex<()>,
    config: LsmConfig,
    /// Comes last: the lock is released after the database is closed.
    directory: Arc<Directory>,
}

impl LsmTables {
    /// Opens the database in `directory`, or creates it. A damaged one is moved aside and replaced.
    ///
    /// # Errors
    /// [`TableError::InUse`] when another process has it open, [`TableError::Full`] and
    /// [`TableError::Unavailable`] when the file system refuses; nothing is moved aside then.
    /// [`TableError::Damaged`] when not even an empty database can be opened.
    pub fn open(directory: impl AsRef<Path>, config: &LsmConfig) -> Result<Opened, TableError> {
        let directory = Arc::new(Directory::lock(directory.as_ref())?);
        let start = || OpenTables::start(&directory, directory.suspicion(), config);
        let (open, damaged) = match start() {
            Err(TableError::Full) if directory.release_reserve() => start()?,
            started => started?,
        };
        directory.keep_reserve();
        let tables = Self {
            open: RwLock::new(Ok(Arc::new(open))),
            reviving: Mutex::default(),
            config: config.clone(),
            directory,
        };
        Ok(Opened { tables, damaged })
    }

    fn opened(&self) -> Result<Arc<OpenTables>, TableError> {
        self.open.read().clone()
    }
}

impl fmt::Debug for LsmTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LsmTables").finish_non_exhaustive()
    }
}

impl Tables for LsmTables {
    fn open(&self, name: &str) -> Result<Arc<dyn Table>, TableError> {
        check_name(name)?;
        Ok(self.opened()?.open(name)?)
    }

    fn drop_table(&self, name: &str) -> Result<(), TableError> {
        check_name(name)?;
        self.opened()?.drop_table(name)
    }

    fn names(&self) -> Result<Vec<String>, TableError> {
        self.opened()?.names()
    }

    fn persist(&self) -> Result<(), TableError> {
        // The reserve is created again once there is space for it.
        self.directory.keep_reserve();
        self.opened()?.persist()
    }

    fn failure(&self) -> Option<TableError> {
        match &*self.open.read() {
            Ok(open) => open.failure(),
            Err(failure) => Some(failure.clone()),
        }
    }

    fn revive(&self) -> Result<(), TableError> {
        let _reviving = self.reviving.lock();
        let Some(failure) = self.failure() else {
            return Ok(());
        };
        if failure == TableError::Full && !self.directory.has_room() {
            return Err(failure);
        }
        let before = std::mem::replace(&mut *self.open.write(), Err(failure.clone()));
        // Not under the lock that reads wait for: closing may take a while.
        if let Ok(before) = before {
            before.end(&failure);
        }
        // A call that is under way knows files by their names and would read new ones as old ones.
        if Arc::strong_count(&self.directory) > 1 {
            let path = self.directory.path().display().to_string();
            return Err(TableError::InUse { path });
        }
        let suspicion = match failure {
            // On a full disk the mark may not have been written.
            TableError::Damaged { reason } => Some(format!("it failed in use: {reason}")),
            _ => self.directory.suspicion(),
        };
        if suspicion.is_some() {
            self.directory.wait_until_closed();
        }
        let (open, _) = OpenTables::start(&self.directory, suspicion, &self.config)?;
        *self.open.write() = Ok(Arc::new(open));
        Ok(())
    }

    fn size_bytes(&self) -> u64 {
        self.opened().map_or(0, |open| open.size_bytes())
    }
}

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
