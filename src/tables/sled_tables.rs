//! Tables on disk, in one sled database that is never trusted further than it can be thrown away.
//!
//! sled loses power-cut races, panics on damaged files, and now and then opens empty without a word.
//! So nothing but derived data lies here, [`Tables::persist`] syncs through a handle of its own, every
//! call that enters the engine is fenced, and a database that cannot be read is moved aside, replaced
//! by an empty one and *reported*: see [`Opened`].
//!
//! | beside `views/`      | says                                                        |
//! |----------------------|-------------------------------------------------------------|
//! | `views.lock`         | who has it open                                             |
//! | `views.register`     | which tables were persisted: they must be found again       |
//! | `views.suspect`      | the engine failed while in use; not to be opened again      |
//! | `views.damaged-<n>/` | what was moved aside, the newest [`DAMAGED_KEPT_MAX`]       |

mod directory;
mod engine;
mod packed;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;

use crate::{Batch, Key, Range, Table, TableError, Tables, Value, check_name};
use directory::{Directory, reason_of};
use engine::{Engine, Trouble};
use packed::{Recent, Unread};

/// How many damaged databases are kept for whoever wants to know what happened.
pub const DAMAGED_KEPT_MAX: usize = 3;

/// How sled is run.
#[derive(Clone, Debug)]
pub struct SledConfig {
    /// What the page cache may take up, in bytes. Scans may keep somewhat more than this in memory.
    pub cache_bytes: u64,
    /// How long opening may take. A database that takes longer counts as damaged: a rebuild is
    /// certain to end, and a recovery that loops is not.
    pub open_within: Duration,
}

impl Default for SledConfig {
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
    pub tables: SledTables,
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
pub struct SledTables {
    engine: Arc<Engine>,
    tables: parking_lot::Mutex<std::collections::BTreeMap<String, Arc<SledTable>>>,
}

impl SledTables {
    /// Opens the database in `directory`, or creates it. A damaged one is moved aside and replaced.
    ///
    /// # Errors
    /// [`TableError::InUse`] when somebody else has it open, [`TableError::Full`] and
    /// [`TableError::Unavailable`] when the file system does not let us; nothing is moved aside then.
    /// [`TableError::Damaged`] when not even an empty database can be opened.
    pub fn open(directory: impl AsRef<Path>, config: &SledConfig) -> Result<Opened, TableError> {
        let directory = Directory::lock(directory.as_ref())?;
        let register = directory.register()?;
        let found = match directory.suspicion() {
            Some(reason) => Err(Trouble::Damaged(reason)),
            None => Engine::start(&directory, &register, config),
        };
        let (database, damaged) = match found {
            Ok(database) => (database, None),
            Err(Trouble::System(error)) => return Err(error),
            Err(Trouble::Damaged(reason)) => {
                let damage = Damage {
                    moved_to: directory.move_aside()?,
                    reason,
                };
                warn_of(&damage, &directory);
                let fresh =
                    Engine::start(&directory, &[].into(), config).map_err(
                        |trouble| match trouble {
                            Trouble::System(error) => error,
                            Trouble::Damaged(reason) => TableError::Damaged { reason },
                        },
                    )?;
                (fresh, Some(damage))
            }
        };
        let register = if damaged.is_some() {
            [].into()
        } else {
            register
        };
        let engine = Arc::new(Engine::new(database, directory, register)?);
        Ok(Opened {
            tables: Self {
                engine,
                tables: Default::default(),
            },
            damaged,
        })
    }
}

fn warn_of(damage: &Damage, directory: &Directory) {
    let Damage { reason, moved_to } = damage;
    let path = directory.path().display();
    let kept = moved_to
        .as_ref()
        .map_or("nothing".into(), |path| path.display().to_string());
    tracing::warn!(
        directory = %path, reason, kept,
        "the tables in `{path}` are damaged and will be rebuilt ({reason}); kept: {kept}"
    );
}

impl fmt::Debug for SledTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledTables").finish_non_exhaustive()
    }
}

impl Tables for SledTables {
    fn open(&self, name: &str) -> Result<Arc<dyn Table>, TableError> {
        check_name(name)?;
        let mut tables = self.tables.lock();
        if let Some(table) = tables.get(name) {
            return Ok(Arc::<SledTable>::clone(table));
        }
        let tree = self.engine.ask(|database| database.open_tree(name))?;
        let (name, engine) = (name.to_owned(), Arc::clone(&self.engine));
        let is_dropped = RwLock::new(false);
        let table = Arc::new(SledTable {
            is_dropped,
            writer: Default::default(),
            recent: Recent::default(),
            tree,
            name: name.clone(),
            engine,
        });
        tables.insert(name, Arc::clone(&table));
        Ok(table)
    }

    fn drop_table(&self, name: &str) -> Result<(), TableError> {
        check_name(name)?;
        let mut tables = self.tables.lock();
        let table = tables.remove(name);
        // Pages of a dropped tree are reused: nobody may be reading while that happens.
        let mut is_dropped = table.as_ref().map(|table| table.is_dropped.write());
        if let Some(is_dropped) = is_dropped.as_deref_mut() {
            *is_dropped = true;
        }
        self.engine.drop_tree(name)
    }

    fn names(&self) -> Result<Vec<String>, TableError> {
        self.engine
            .ask(|database| Ok(engine::names(database)))
            .map(Vec::from_iter)
    }

    fn persist(&self) -> Result<(), TableError> {
        self.engine.persist()
    }

    fn size_bytes(&self) -> u64 {
        self.engine.ask(sled::Db::size_on_disk).unwrap_or(0)
    }
}

struct SledTable {
    /// Whether the table was dropped. Read for as long as blocks are read, and written while they change:
    /// rows that a batch does not name may move from one block to another.
    is_dropped: RwLock<bool>,
    /// Held from the first block that a batch reads to the last one that it writes.
    writer: parking_lot::Mutex<()>,
    /// Forgotten before anybody reads what a batch has changed.
    recent: Recent,
    tree: sled::Tree,
    name: String,
    /// Comes last: the engine outlives its trees, so that closing happens in one place.
    engine: Arc<Engine>,
}

impl SledTable {
    /// Asks with the lock of this table held, which its holder vouches for.
    fn ask<T>(
        &self,
        is_dropped: bool,
        question: impl FnOnce(&sled::Tree) -> Result<T, Unread>,
    ) -> Result<T, TableError> {
        let name = &self.name;
        if is_dropped {
            return Err(TableError::Dropped { name: name.clone() });
        }
        let answer = self.engine.ask(|_| match question(&self.tree) {
            Ok(answer) => Ok(Ok(answer)),
            Err(Unread::Malformed) => Ok(Err(TableError::Damaged {
                reason: format!("table `{name}` holds a block that cannot be read"),
            })),
            Err(Unread::Engine(error)) => Err(error),
        });
        answer.flatten()
    }
}

impl Table for SledTable {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        let is_dropped = self.is_dropped.read();
        self.ask(*is_dropped, |tree| packed::get(tree, &self.recent, key))
    }

    fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        let is_dropped = self.is_dropped.read();
        self.ask(*is_dropped, |tree| match range.bounds() {
            Some(bounds) => packed::scan(tree, bounds, range.reverse, range.limit),
            None => Ok(vec![]),
        })
    }

    fn apply(&self, batch: &Batch) -> Result<(), TableError> {
        let _writer = self.writer.lock();
        let changed = {
            let is_dropped = self.is_dropped.read();
            self.ask(*is_dropped, |tree| packed::plan(tree, batch))?
        };
        let mut writes = sled::Batch::default();
        for (key, block) in changed {
            match block {
                Some(block) => writes.insert(key, block),
                None => writes.remove(key),
            }
        }
        let is_dropped = self.is_dropped.write();
        self.recent.forget();
        self.ask(*is_dropped, |tree| Ok(tree.apply_batch(writes)?))
    }
}

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
