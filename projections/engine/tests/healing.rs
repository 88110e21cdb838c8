use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eventlog::EventLog;
use parking_lot::{Mutex, RwLock};
use tables::{Batch, Key, MemoryTables, Range, Table, TableError, Tables, Value};

use super::{digests, engine};
use crate::testing::{
    PATIENCE, config, every_kind_of_event, key, memory_log, reported, tell, tell_all,
};
use crate::{Builds, Runs, Views};

/// Tables that fail together, and recover on the next attempt with free space.
#[derive(Default)]
struct Frail {
    life: RwLock<Arc<Life>>,
    has_room: AtomicBool,
    /// A table that is not found again.
    lost: Mutex<Option<&'static str>>,
    /// Whether the next read of the names fails.
    is_mute: AtomicBool,
}

/// From one revival to the next.
#[derive(Default)]
struct Life {
    tables: Arc<MemoryTables>,
    failure: Mutex<Option<TableError>>,
}

struct FrailTable {
    table: Arc<dyn Table>,
    life: Arc<Life>,
}

impl Life {
    fn check(&self) -> Result<(), TableError> {
        self.failure.lock().clone().map_or(Ok(()), Err)
    }
}

impl Frail {
    fn life(&self) -> Result<Arc<Life>, TableError> {
        let life = Arc::clone(&self.life.read());
        life.check()?;
        Ok(life)
    }

    fn fail(&self, failure: &TableError) {
        *self.life.read().failure.lock() = Some(failure.clone());
    }
}

impl Table for FrailTable {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        self.life.check()?;
        self.table.get(key)
    }

    fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        self.life.check()?;
        self.table.scan(range)
    }

    fn apply(&self, batch: &Batch) -> Result<(), TableError> {
        self.life.check()?;
        self.table.apply(batch)
    }
}

impl Tables for Frail {
    fn open(&self, name: &str) -> Result<Arc<dyn Table>, TableError> {
        let life = self.life()?;
        let table = life.tables.open(name)?;
        Ok(Arc::new(FrailTable { table, life }))
    }

    fn drop_table(&self, name: &str) -> Result<(), TableError> {
        self.life()?.tables.drop_table(name)
    }

    fn names(&self) -> Result<Vec<String>, TableError> {
        if self.is_mute.swap(false, Ordering::SeqCst) {
            let reason = "it says nothing".to_owned();
            return Err(TableError::Unavailable { reason });
        }
        self.life()?.tables.names()
    }

    fn persist(&self) -> Result<(), TableError> {
        self.life().map(drop)
    }

    fn failure(&self) -> Option<TableError> {
        self.life().err()
    }

    fn revive(&self) -> Result<(), TableError> {
        let Some(failure) = self.failure() else {
            return Ok(());
        };
        if !self.has_room.load(Ordering::SeqCst) {
            return Err(TableError::Full);
        }
        let tables = match failure {
            TableError::Damaged { .. } => Arc::default(),
            _ => Arc::clone(&self.life.read().tables),
        };
        if let Some(lost) = self.lost.lock().take() {
            tables.drop_table(lost)?;
        }
        *self.life.write() = Arc::new(Life {
            tables,
            failure: Mutex::default(),
        });
        Ok(())
    }

    fn size_bytes(&self) -> u64 {
        0
    }
}

/// With all rows, without those of one view, without any, and at the second try: the old rows are
/// there again, later events are added, and reads in between are refused.
#[tokio::test(flavor = "multi_thread")]
async fn views_whose_tables_failed_go_on_without_a_new_start() {
    let reason = "a page that is not there".to_owned();
    let damaged = TableError::Damaged { reason };
    for (failure, lost, is_mute) in [
        (TableError::Full, None, false),
        (TableError::Full, None, true),
        (TableError::Full, Some("builds.v1.g1"), false),
        (damaged, None, false),
    ] {
        let case = format!("{failure}, {lost:?} lost, mute: {is_mute}");
        let (log, tables) = (Arc::new(memory_log()), Arc::new(Frail::default()));
        tell_all(&*log, every_kind_of_event()).await;
        // Uncommitted rows answer from memory, so further events follow the queried one.
        for number in 901..=940 {
            let stream = format!("build-default:{number}");
            tell(&*log, &stream, reported(number, "running")).await;
        }
        let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
        views.wait_for_all(log.head(), PATIENCE).await.unwrap();
        let before = views.of::<Builds>().unwrap().get(&key(1)).unwrap();
        assert!(before.is_some());
        let mut changed = views.changed::<Runs>();

        *tables.lost.lock() = lost;
        tables.is_mute.store(is_mute, Ordering::SeqCst);
        tables.fail(&failure);
        assert!(!views.are_live(), "{case}");
        let last = tell(&*log, "build-default:900", reported(900, "running")).await;
        assert_eq!(
            views.of::<Builds>().unwrap().get(&key(1)),
            Err(failure.clone()),
            "{case}"
        );
        assert_eq!(views.reopened(), 0, "{case}: there is no room");

        tables.has_room.store(true, Ordering::SeqCst);
        let healed = async {
            while !views.are_live() || views.position() < last {
                let is_live = views.are_live();
                match views.of::<Builds>().unwrap().get(&key(1)) {
                    Ok(found) => assert_eq!(found, before, "{case}"),
                    Err(error) => assert!(!is_live, "{case}: {error}"),
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, healed).await.expect(&case);
        assert_eq!(views.reopened(), 1, "{case}");
        let found = views.of::<Builds>().unwrap().get(&key(900)).unwrap();
        assert_eq!(found.expect(&case).status, "running");
        let data = tokio::time::timeout(PATIENCE, changed.changed()).await;
        data.expect("who waits for a change looks again").unwrap();

        views.shutdown();
        let untroubled = engine(&log, &Arc::new(MemoryTables::new())).await;
        untroubled.catch_up().await.unwrap();
        for (name, digest) in digests(&untroubled) {
            assert_eq!(views.digest(name).unwrap(), Some(digest), "{case}: {name}");
        }
    }
}

/// Waiting for space does not delay a shutdown.
#[tokio::test(flavor = "multi_thread")]
async fn views_whose_tables_have_failed_can_be_shut_down() {
    let (log, tables) = (Arc::new(memory_log()), Arc::new(Frail::default()));
    let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
    tell_all(&*log, every_kind_of_event()).await;
    tables.fail(&TableError::Full);
    let ended = tokio::task::spawn_blocking(move || views.shutdown());
    let ended = tokio::time::timeout(PATIENCE, ended).await;
    ended.expect("it ends").unwrap();
}
