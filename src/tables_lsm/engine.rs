//! Calls into sled: nothing that happens inside it reaches a caller as a panic.

use std::any::Any;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::runs::{self, Folder, Merger, RunSet};
use super::{Directory, LsmConfig, reason_of};
use tables::TableError;

/// What sled's own cache may take up: it holds small runs and the names of large ones.
const ENGINE_CACHE_BYTES: u64 = 2 << 20;

/// How long to wait for threads that are still closing the database.
pub(super) const CLOSING_MAX: Duration = Duration::from_secs(10);

/// Why a database was not opened.
pub(super) enum Trouble {
    /// It cannot be read, or what must be in it is not.
    Damaged(String),
    System(TableError),
}

/// A database that was found in order.
pub(super) struct Started {
    pub(super) database: sled::Db,
    /// The numbers of the runs that its tables name.
    pub(super) named: BTreeSet<u64>,
}

/// An open database and what became of it.
pub(super) struct Engine {
    /// Ends before the database is closed.
    merger: Option<Merger>,
    pub(super) folder: Arc<Folder>,
    /// `None` only while it is being closed.
    database: Option<sled::Db>,
    /// Our own handle on the database's file: sled's flush does not reach the disk on Linux.
    file: File,
    /// The first failure. What sled holds in memory is unknown after it, so it is the answer to
    /// every later call until the database is opened again.
    failure: OnceLock<TableError>,
    /// Rounds of syncing that have begun.
    rounds: AtomicU64,
    synced: Mutex<Synced>,
    /// Comes last: when its count falls to one, everything above is dropped.
    directory: Arc<Directory>,
}

#[derive(Default)]
struct Synced {
    /// The last round that ended well.
    round: u64,
    register: BTreeSet<String>,
    /// Large values, which sled keeps in files of their own and never syncs.
    bodies: BTreeSet<PathBuf>,
}

impl Engine {
    /// Opens the database, looks into every tree, and checks that the registered ones are there.
    pub(super) fn start(
        directory: &Directory,
        register: &BTreeSet<String>,
        config: &LsmConfig,
    ) -> Result<Started, Trouble> {
        directory
            .wait_until_free(CLOSING_MAX)
            .map_err(Trouble::System)?;
        let settings = sled::Config::new()
            .path(directory.path())
            .cache_capacity(ENGINE_CACHE_BYTES);
        let path = directory.path().to_owned();
        let (database, named) = within(config.open_within, move || {
            let database = settings.open()?;
            let mut named = BTreeSet::new();
            for name in names(&database) {
                let tree = database.open_tree(&name)?;
                tree.last()?;
                match runs::load(&tree, &path)? {
                    Ok(runs) => named.extend(runs.iter().map(|run| run.number)),
                    Err(error) => return Ok(Err((database, name, error))),
                }
            }
            Ok(Ok((database, named)))
        })?
        .map_err(|(database, name, error)| {
            // The directory is about to be moved: closing must not delay that.
            close(database, true);
            match error {
                TableError::Damaged { reason } => {
                    Trouble::Damaged(format!("table `{name}`: {reason}"))
                }
                error => Trouble::System(error),
            }
        })?;
        let found = names(&database);
        if let Some(lost) = register.iter().find(|name| !found.contains(*name)) {
            let reason = format!("table `{lost}` was persisted and is missing");
            // The directory is about to be moved: closing must not delay that.
            close(database, true);
            return Err(Trouble::Damaged(reason));
        }
        Ok(Started { database, named })
    }

    pub(super) fn new(
        started: Started,
        directory: Arc<Directory>,
        register: BTreeSet<String>,
        config: &LsmConfig,
    ) -> Result<Self, TableError> {
        let Started { database, named } = started;
        let folder = Folder::open(directory.path(), &named, config.cache_bytes)
            .map_err(|error| reason_of(&error))?;
        let folder = Arc::new(folder);
        let merger = Merger::start(Arc::clone(&folder)).map_err(|error| reason_of(&error))?;
        let file = File::open(directory.path().join("db")).map_err(|error| reason_of(&error))?;
        directory.sync().map_err(|error| reason_of(&error))?;
        let synced = Mutex::new(Synced {
            register,
            ..Synced::default()
        });
        let (failure, rounds) = (OnceLock::new(), AtomicU64::new(0));
        Ok(Self {
            merger: Some(merger),
            folder,
            database: Some(database),
            file,
            failure,
            rounds,
            synced,
            directory,
        })
    }

    /// Whether the engine still is what it was.
    pub(super) fn check(&self) -> Result<(), TableError> {
        match self.failure.get() {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    /// Calls sled. A failure or panic inside ends here, and is the answer from then on.
    pub(super) fn call<T>(
        &self,
        call: impl FnOnce(&sled::Db) -> sled::Result<T>,
    ) -> Result<T, TableError> {
        self.check()?;
        let database = self
            .database
            .as_ref()
            .expect("the database is open until the last drop");
        let error = match catch_unwind(AssertUnwindSafe(|| call(database))) {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(sled::Error::CollectionNotFound(name))) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                return Err(TableError::Dropped { name });
            }
            Ok(Err(error)) => meaning_of(error),
            Err(panic) => TableError::Damaged {
                reason: text_of(&*panic),
            },
        };
        Err(self.fail(error))
    }

    /// Lets the runs of a table be merged, soon.
    pub(super) fn merge_soon(&self, runs: &Arc<RunSet>) {
        if let Some(merger) = &self.merger {
            merger.look_at(runs);
        }
    }

    /// The database's directory.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns once everything applied before the call is on the disk. `tables` names those that
    /// there are.
    ///
    /// Callers that wait for a running round share the next one.
    pub(super) fn persist(
        &self,
        tables: impl FnOnce() -> Vec<(sled::Tree, Arc<RunSet>)>,
    ) -> Result<(), TableError> {
        let wanted = self.rounds.load(Ordering::SeqCst);
        let mut synced = self.synced.lock();
        if synced.round > wanted {
            return Ok(());
        }
        let round = self.rounds.fetch_add(1, Ordering::SeqCst) + 1;
        // First the files, then the rows that name them; what no row names any more goes last.
        let dropped = self.folder.take_dropped();
        let mut changes = Vec::new();
        for (tree, runs) in tables() {
            // The system reports an error once, and the pages may be lost: never try again.
            let change = runs
                .change()
                .map_err(|error| self.fail(reason_of(&error)))?;
            if let Some(mut change) = change {
                if let Some(writes) = change.writes.take() {
                    self.call(|_| tree.apply_batch(writes))?;
                }
                changes.push((runs, change));
            }
        }
        let found = self.call(|database| database.flush().map(|_| names(database)))?;
        // Bodies first: the database's file refers to them.
        self.sync_bodies(&mut synced.bodies)
            .and_then(|()| self.file.sync_data())
            // The system reports an error once, and the pages may be lost: never try again.
            .map_err(|error| self.fail(reason_of(&error)))?;
        if synced.register != found {
            self.directory.write_register(&found)?;
            synced.register = found;
        }
        for (runs, change) in changes {
            runs.changed(change);
        }
        self.folder.remove_all(dropped);
        synced.round = round;
        Ok(())
    }

    /// Removes a tree, which from before that moment need not be found again.
    pub(super) fn drop_tree(&self, name: &str) -> Result<(), TableError> {
        let mut synced = self.synced.lock();
        if synced.register.contains(name) {
            let mut register = synced.register.clone();
            register.remove(name);
            self.directory.write_register(&register)?;
            synced.register = register;
        }
        self.call(|database| database.drop_tree(name)).map(drop)
    }

    /// Syncs the large values that appeared since the last round; usually there are none.
    fn sync_bodies(&self, known: &mut BTreeSet<PathBuf>) -> io::Result<()> {
        let directory = self.directory.path().join("blobs");
        let mut found = BTreeSet::new();
        let mut is_changed = false;
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if !known.contains(&path) {
                match File::open(&path) {
                    Ok(body) => body.sync_all()?,
                    // The engine deletes bodies in the background.
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
                is_changed = true;
            }
            found.insert(path);
        }
        *known = found;
        if is_changed {
            File::open(&directory)?.sync_all()
        } else {
            Ok(())
        }
    }

    fn fail(&self, error: TableError) -> TableError {
        let first = self.failure.get_or_init(|| {
            let path = self.directory.path().display();
            tracing::error!(directory = %path, %error, "the tables in `{path}` failed: {error}");
            if let TableError::Damaged { reason } = &error {
                self.directory.suspect(reason);
            }
            error
        });
        first.clone()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.merger.take());
        if let Some(database) = self.database.take() {
            close(database, self.failure.get().is_some());
        }
    }
}

/// Drops a database. A failed one may wait for ever for a dead thread, so it is dropped on its own
/// thread, which is not joined.
fn close(database: sled::Db, has_failed: bool) {
    let close = move || {
        // A panic while it is dropped changes nothing.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
    };
    if has_failed {
        let _ = thread::Builder::new()
            .name("tables-close".into())
            .spawn(close);
    } else {
        close();
    }
}

/// The names of the tables: every tree but sled's own.
pub(super) fn names(database: &sled::Db) -> BTreeSet<String> {
    let names = database.tree_names().into_iter();
    let names = names.map(|name| String::from_utf8_lossy(&name).into_owned());
    names.filter(|name| !name.starts_with("__sled__")).collect()
}

/// Opens on a thread of its own: recovery may panic, and it may loop.
fn within<T: Send + 'static>(
    patience: Duration,
    open: impl FnOnce() -> sled::Result<T> + Send + 'static,
) -> Result<T, Trouble> {
    let (done, outcome) = mpsc::sync_channel(1);
    let opener = thread::Builder::new()
        .name("tables-open".into())
        .spawn(move || {
            // The receiver was dropped if it took too long.
            let _ = done.send(catch_unwind(AssertUnwindSafe(open)));
        });
    opener.map_err(|error| Trouble::System(reason_of(&error)))?;
    match outcome.recv_timeout(patience) {
        Ok(Ok(Ok(opened))) => Ok(opened),
        Ok(Ok(Err(error))) => Err(match meaning_of(error) {
            TableError::Damaged { reason } => Trouble::Damaged(reason),
            error => Trouble::System(error),
        }),
        Ok(Err(panic)) => Err(Trouble::Damaged(text_of(&*panic))),
        Err(RecvTimeoutError::Timeout) => {
            let reason = format!("it did not open within {} s", patience.as_secs());
            Err(Trouble::Damaged(reason))
        }
        Err(RecvTimeoutError::Disconnected) => Err(Trouble::Damaged(
            "the thread that opened it has ended".into(),
        )),
    }
}

fn meaning_of(error: sled::Error) -> TableError {
    match error {
        // sled reads by offsets from its own file: these mean that the file has changed.
        sled::Error::Io(error)
            if matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData
            ) =>
        {
            TableError::Damaged {
                reason: error.to_string(),
            }
        }
        sled::Error::Io(error) => reason_of(&error),
        error => TableError::Damaged {
            reason: error.to_string(),
        },
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").chars().take(300).collect()
}
