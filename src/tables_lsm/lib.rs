//! Tables on disk, in one sled database that is never trusted further than it can be thrown away.
//!
//! sled loses power-cut races, panics on damaged files, and now and then opens empty without a word.
//! So nothing but derived data lies here, [`Tables::persist`] syncs through a handle of its own, every
//! call that enters the engine is fenced, and a database that cannot be read is moved aside, replaced
//! by an empty one and *reported*: see [`Opened`].
//!
//! The engine holds what is small, and the names of the files in which the rest lies: see [`runs`].
//!
//! | beside `views/`      | says                                                        |
//! |----------------------|-------------------------------------------------------------|
//! | `views.lock`         | who has it open                                             |
//! | `views.register`     | which tables were persisted: they must be found again       |
//! | `views.suspect`      | the engine failed while in use; not to be opened again      |
//! | `views.reserve`      | room that is given back when a start finds the disk full    |
//! | `views.damaged-<n>/` | what was moved aside, the newest [`DAMAGED_KEPT_MAX`]       |

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

/// How many damaged databases are kept for whoever wants to know what happened.
pub const DAMAGED_KEPT_MAX: usize = 3;

/// How sled is run.
#[derive(Clone, Debug)]
pub struct LsmConfig {
    /// What blocks that were read lately may take up, in bytes.
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
    /// The tables.
    pub tables: LsmTables,
    /// What was found damaged. The tables are empty then, and everything is to be rebuilt.
    pub damaged: Option<Damage>,
}

/// Why tables are empty that should not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What was wrong.
    pub reason: String,
    /// Where the damaged database lies now; `None` if there was nothing to move.
    pub moved_to: Option<PathBuf>,
}

/// Tables in a sled database. Clones of its tables keep it open.
pub struct LsmTables {
    /// What was opened last, or why nothing is open. Replaced as a whole: rows of two databases never meet.
    open: RwLock<Result<Arc<OpenTables>, TableError>>,
    /// Held by whoever opens them again.
    reviving: Mutex<()>,
    config: LsmConfig,
    /// Comes last: the lock is given back after the database is closed.
    directory: Arc<Directory>,
}

impl LsmTables {
    /// Opens the database in `directory`, or creates it. A damaged one is moved aside and replaced.
    ///
    /// # Errors
    /// [`TableError::InUse`] when somebody else has it open, [`TableError::Full`] and
    /// [`TableError::Unavailable`] when the file system does not let us; nothing is moved aside then.
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
        // Room that was given back is kept again once there is some.
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
        // Not under the lock that questions wait for: closing may take a while.
        if let Ok(before) = before {
            before.end(&failure);
        }
        // Who holds it is in the middle of a call, knows files by their names, and would take new ones for old.
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
