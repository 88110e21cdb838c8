//! A database that is open, and the tables in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::directory::Directory;
use super::engine::{self, Engine, Trouble};
use super::runs::{self, RunSet};
use super::table::LsmTable;
use super::{Damage, LsmConfig};
use tables::TableError;

pub(super) struct OpenTables {
    tables: Mutex<BTreeMap<String, Arc<LsmTable>>>,
    /// The same tables, for `persist`, which must not wait for one that is being dropped.
    persisted: Mutex<BTreeMap<String, (sled::Tree, Arc<RunSet>)>>,
    /// Comes last: the engine outlives its trees, so that closing happens in one place.
    engine: Arc<Engine>,
}

impl OpenTables {
    /// Opens the database, or an empty one in its place if it is suspected or found to be damaged.
    pub(super) fn start(
        directory: &Arc<Directory>,
        suspicion: Option<String>,
        config: &LsmConfig,
    ) -> Result<(Self, Option<Damage>), TableError> {
        let register = directory.register()?;
        let found = match suspicion {
            Some(reason) => Err(Trouble::Damaged(reason)),
            None => Engine::start(directory, &register, config),
        };
        let (started, damaged) = match found {
            Ok(started) => (started, None),
            Err(Trouble::System(error)) => return Err(error),
            Err(Trouble::Damaged(reason)) => {
                let damage = Damage {
                    moved_to: directory.move_aside()?,
                    reason,
                };
                warn_of(&damage, directory);
                let fresh =
                    Engine::start(directory, &[].into(), config).map_err(
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
        let engine = Engine::new(started, Arc::clone(directory), register, config)?;
        let open = Self {
            engine: Arc::new(engine),
            tables: Mutex::default(),
            persisted: Mutex::default(),
        };
        Ok((open, damaged))
    }

    pub(super) fn open(&self, name: &str) -> Result<Arc<LsmTable>, TableError> {
        let mut tables = self.tables.lock();
        if let Some(table) = tables.get(name) {
            return Ok(Arc::clone(table));
        }
        let engine = Arc::clone(&self.engine);
        let tree = engine.call(|database| database.open_tree(name))?;
        let found = engine.call(|_| runs::load(&tree, engine.path()))??;
        let runs = Arc::new(RunSet::new(Arc::clone(&engine.folder), found));
        let name = name.to_owned();
        let persisted = (tree, Arc::clone(&runs));
        self.persisted.lock().insert(name.clone(), persisted);
        let table = Arc::new(LsmTable::new(name.clone(), runs, engine));
        tables.insert(name, Arc::clone(&table));
        Ok(table)
    }

    pub(super) fn drop_table(&self, name: &str) -> Result<(), TableError> {
        let mut tables = self.tables.lock();
        let files = match tables.remove(name) {
            Some(table) => table.drop_rows(),
            None => self.files_of(name)?,
        };
        self.persisted.lock().remove(name);
        self.engine.drop_tree(name)?;
        self.engine.folder.drop_later(files);
        Ok(())
    }

    pub(super) fn names(&self) -> Result<Vec<String>, TableError> {
        let names = self.engine.call(|database| Ok(engine::names(database)));
        names.map(Vec::from_iter)
    }

    pub(super) fn persist(&self) -> Result<(), TableError> {
        self.engine
            .persist(|| self.persisted.lock().values().cloned().collect())
    }

    pub(super) fn failure(&self) -> Option<TableError> {
        self.engine.check().err()
    }

    pub(super) fn size_bytes(&self) -> u64 {
        let engine = self.engine.call(sled::Db::size_on_disk).unwrap_or(0);
        engine + self.engine.folder.size_bytes()
    }

    /// Lets no handle keep the database open any more; all answer the failure from now on.
    pub(super) fn end(&self, failure: &TableError) {
        for table in self.tables.lock().values() {
            table.end(failure.clone());
        }
    }

    /// The files of a table that has not been opened.
    fn files_of(&self, name: &str) -> Result<Vec<u64>, TableError> {
        let runs = self.engine.call(|database| {
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

    #[cfg(test)]
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
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
