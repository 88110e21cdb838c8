use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use eventlog::{Append, EventLog, EventType, Expected, NewEvent, Position, StreamName};
use parking_lot::Mutex;
use proptest::prelude::*;
use tables::{Batch, Key, MemoryTables, Range, Table, TableError, Tables, Value};
use uuid::Uuid;

use super::{digests, engine};
use crate::testing::{
    App, PATIENCE, any_story, block_on, key, memory_log, reported, tell, tell_all,
};
use crate::{Builds, ProjectionStatus};

/// Tables that refuse every so-and-so-many-th call.
struct Flaky {
    tables: MemoryTables,
    calls: Arc<AtomicU32>,
    every: u32,
    /// Why they have failed as a whole, if so.
    failure: Mutex<Option<TableError>>,
}

struct FlakyTable {
    table: Arc<dyn Table>,
    calls: Arc<AtomicU32>,
    every: u32,
}

impl FlakyTable {
    fn call(&self) -> Result<(), TableError> {
        match (self.calls.fetch_add(1, Ordering::Relaxed) + 1) % self.every {
            0 => Err(TableError::Unavailable {
                reason: "today is a bad day".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

impl Table for FlakyTable {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, TableError> {
        self.call()?;
        self.table.get(key)
    }

    fn scan(&self, range: Range<'_>) -> Result<Vec<(Key, Value)>, TableError> {
        self.call()?;
        self.table.scan(range)
    }

    fn apply(&self, batch: &Batch) -> Result<(), TableError> {
        self.call()?;
        self.table.apply(batch)
    }
}

impl Tables for Flaky {
    fn open(&self, name: &str) -> Result<Arc<dyn Table>, TableError> {
        let table = self.tables.open(name)?;
        let (calls, every) = (Arc::clone(&self.calls), self.every);
        Ok(Arc::new(FlakyTable {
            table,
            calls,
            every,
        }))
    }

    fn drop_table(&self, name: &str) -> Result<(), TableError> {
        self.tables.drop_table(name)
    }

    fn names(&self) -> Result<Vec<String>, TableError> {
        self.tables.names()
    }

    fn persist(&self) -> Result<(), TableError> {
        Ok(())
    }

    fn failure(&self) -> Option<TableError> {
        self.failure.lock().clone()
    }

    fn size_bytes(&self) -> u64 {
        0
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A page whose rows could not be read or written is folded again as if it were new.
    #[test]
    fn a_table_that_fails_now_and_then_loses_and_doubles_nothing(
        story in any_story(),
        every in 120_u32..297,
    ) {
        block_on(async {
            let log = Arc::new(memory_log());
            tell_all(&*log, story).await;
            let calls = Arc::default();
            let tables = Arc::new(Flaky { tables: MemoryTables::new(), calls, every: u32::MAX, failure: Mutex::default() });
            drop(engine(&log, &tables).await);
            let tables = Arc::new(Flaky {
                every,
                failure: Mutex::default(),
                calls: Arc::default(),
                tables: Arc::into_inner(tables).unwrap().tables,
            });
            // The start may fail as well, and is then simply tried again.
            let troubled = loop {
                let followed: Arc<dyn EventLog> = log.clone();
                let kinds = crate::views::kinds(&crate::testing::config(), &followed);
                let config = crate::testing::config();
                if let Ok(engine) = super::Engine::open(log.clone(), tables.clone(), kinds, config.engine).await {
                    break engine;
                }
            };
            while troubled.catch_up().await.is_err() || troubled.commit(true).is_err() {}
            let untroubled = engine(&log, &Arc::new(MemoryTables::new())).await;
            untroubled.catch_up().await.unwrap();
            let expected = digests(&untroubled);
            for (name, digest) in expected {
                let found = loop {
                    if let Ok(found) = troubled.digest(name) {
                        break found;
                    }
                };
                prop_assert_eq!(found, Some(digest), "{}", name);
            }
            Ok(())
        })?;
    }
}

/// Positions alone do not show it: a view that cannot be read keeps its position.
#[tokio::test]
async fn views_that_cannot_be_read_are_not_live_and_say_why() {
    let log = Arc::new(memory_log());
    tell(&*log, "build-default:1", reported(1, "running")).await;
    let tables = Arc::new(Flaky {
        tables: MemoryTables::new(),
        calls: Arc::default(),
        every: u32::MAX,
        failure: Mutex::default(),
    });
    let engine = engine(&log, &tables).await;
    engine.catch_up().await.unwrap();
    assert!(engine.statuses().iter().all(ProjectionStatus::is_live));
    *tables.failure.lock() = Some(TableError::Full);
    for status in engine.statuses() {
        assert!(!status.is_live(), "{}", status.name);
        assert_eq!(status.error, Some(TableError::Full.to_string()));
    }
    *tables.failure.lock() = None;
    assert!(engine.statuses().iter().all(ProjectionStatus::is_live));
}

#[tokio::test]
async fn an_unreadable_event_is_counted_and_stops_no_view() {
    let app = App::new();
    app.tell_of_build(1, reported(1, "running")).await;
    let unreadable = NewEvent {
        id: Uuid::from_u128(77),
        event_type: EventType::parse("build.reported").unwrap(),
        version: 1,
        metadata: Bytes::new(),
        data: Bytes::from_static(b"{}"),
        recorded_at: None,
    };
    let append = Append {
        stream: StreamName::parse("build-default:1").unwrap(),
        expected: Expected::Any,
        events: vec![unreadable],
    };
    let at = app.log.append(vec![append]).await.unwrap().last();
    let last = tell(&*app.log, "build-default:1", reported(1, "success")).await;
    app.views.wait_for_all(last, PATIENCE).await.unwrap();
    let statuses = app.views.statuses();
    let builds = statuses
        .iter()
        .find(|status| status.name == "builds")
        .unwrap();
    assert_eq!(builds.faults, 1);
    assert_eq!(builds.last_fault.as_ref().unwrap().position, at);
    assert_eq!(
        app.views
            .of::<Builds>()
            .unwrap()
            .get(&key(1))
            .unwrap()
            .unwrap()
            .status,
        "success"
    );
    assert_ne!(last, Position::START);
}
