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
//! | `views.damaged-<n>/` | what was moved aside, the newest [`DAMAGED_KEPT_MAX`]       |

mod directory;
mod engine;
mod runs;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::{Batch, Key, Range, Table, TableError, Tables, Value, check_name};
use directory::{Directory, reason_of};
use engine::{Engine, Trouble};
use runs::RunSet;

/// How many damaged databases are kept for whoever wants to know what happened.
pub const DAMAGED_KEPT_MAX: usize = 3;

/// How sled is run.
#[derive(Clone, Debug)]
pub struct SledConfig {
    /// What blocks that were read lately may take up, in bytes.
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
    tables: Mutex<BTreeMap<String, Arc<SledTable>>>,
    /// The same tables, for whoever makes them durable and may not wait for one that is being dropped.
    persisted: Mutex<BTreeMap<String, (sled::Tree, Arc<RunSet>)>>,
    /// Comes last: the engine outlives its trees, so that closing happens in one place.
    engine: Arc<Engine>,
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
        let (started, damaged) = match found {
            Ok(started) => (started, None),
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
        let engine = Arc::new(Engine::new(started, directory, register, config)?);
        Ok(Opened {
            tables: Self {
                engine,
                tables: Mutex::default(),
                persisted: Mutex::default(),
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
        let engine = Arc::clone(&self.engine);
        let tree = engine.ask(|database| database.open_tree(name))?;
        let found = engine.ask(|_| runs::load(&tree, engine.path()))??;
        let runs = Arc::new(RunSet::new(Arc::clone(&engine.folder), found));
        let name = name.to_owned();
        let persisted = (tree, Arc::clone(&runs));
        self.persisted.lock().insert(name.clone(), persisted);
        let table = Arc::new(SledTable {
            name: name.clone(),
            runs,
            engine,
        });
        tables.insert(name, Arc::clone(&table));
        Ok(table)
    }

    fn drop_table(&self, name: &str) -> Result<(), TableError> {
        check_name(name)?;
        let mut tables = self.tables.lock();
        let files = match tables.remove(name) {
            Some(table) => table.runs.close(),
            None => self.files_of(name)?,
        };
        self.persisted.lock().remove(name);
        self.engine.drop_tree(name)?;
        self.engine.folder.drop_later(files);
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>, TableError> {
        self.engine
            .ask(|database| Ok(engine::names(database)))
            .map(Vec::from_iter)
    }

    fn persist(&self) -> Result<(), TableError> {
        self.engine
            .persist(|| self.persisted.lock().values().cloned().collect())
    }

    fn failure(&self) -> Option<TableError> {
        self.engine.check().err()
    }

    fn size_bytes(&self) -> u64 {
        let engine = self.engine.ask(sled::Db::size_on_disk).unwrap_or(0);
        engine + self.engine.folder.size_bytes()
    }
}

impl SledTables {
    /// The files of a table that nobody has opened.
    fn files_of(&self, name: &str) -> Result<Vec<u64>, TableError> {
        let runs = self.engine.ask(|database| {
            if !engine::names(database).contains(name) {
                return Ok(vec![]);
            }
            let tree = database.open_tree(name)?;
            // One that cannot be read leaves files behind until the next start.
            let runs = runs::load(&tree, self.engine.path())?;
            Ok(runs.unwrap_or_default())
        })?;
        Ok(runs::files(&runs).collect())
    }
}

struct SledTable {
    name: String,
    runs: Arc<RunSet>,
    engine: Arc<Engine>,
}

impl SledTable {
    fn answered<T>(&self, answer: Option<Result<T, TableError>>) -> Result<T, TableError> {
        let name = &self.name;
        match answer {
            None => Err(TableError::Dropped { name: name.clone() }),
            Some(Err(TableError::Damaged { reason })) => Err(TableError::Damaged {
                reason: format!("table `{name}`: {reason}"),
            }),
            Some(answer) => answer,
        }
    }
}

impl Table for SledTable {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        self.engine.check()?;
        self.answered(self.runs.get(key))
    }

    fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        self.engine.check()?;
        self.answered(self.runs.scan(&range))
    }

    fn apply(&self, batch: &Batch) -> Result<(), TableError> {
        self.engine.check()?;
        let is_merge_due = self.answered(self.runs.apply(batch))?;
        if is_merge_due {
            self.engine.merge_soon(&self.runs);
        }
        Ok(())
    }
}

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
