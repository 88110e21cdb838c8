mod ahead;
mod failures;
mod healing;
mod recovery;
mod same_bytes;

use std::sync::Arc;

use eventlog::EventLog;
use tables::{MemoryTables, Range, Tables};

use super::Engine;
use crate::ViewsConfig;
use crate::testing::{block_on, config, memory_log, reported, tell_all};
use crate::views::kinds;

/// All views over a log and tables, moved on by the test itself.
async fn engine(log: &Arc<impl EventLog>, tables: &Arc<impl Tables + 'static>) -> Engine {
    engine_with(log, tables, config()).await
}

async fn engine_with(
    log: &Arc<impl EventLog>,
    tables: &Arc<impl Tables + 'static>,
    config: ViewsConfig,
) -> Engine {
    let followed: Arc<dyn EventLog> = log.clone();
    let kinds = kinds(&config, &followed);
    Engine::open(log.clone(), tables.clone(), kinds, config.engine)
        .await
        .unwrap()
}

/// A digest of every view, after models in memory are persisted.
#[track_caller]
fn digests(engine: &Engine) -> Vec<(&'static str, String)> {
    engine.commit(true).unwrap();
    let digest = |name| (name, engine.digest(name).unwrap().unwrap());
    engine
        .slots
        .iter()
        .map(|slot| digest(slot.kind.name))
        .collect()
}

/// Rows are what takes up memory until they are written.
#[test]
fn many_rows_are_written_however_few_events_they_took() {
    block_on(async {
        let (log, tables) = (Arc::new(memory_log()), Arc::new(MemoryTables::new()));
        let config = || {
            let mut config = config().pages_of(16);
            config.engine.commit_events = 1_000_000;
            config
        };
        let engine = engine_with(&log, &tables, config()).await;
        let written = || {
            let names = tables.names().unwrap();
            let builds = names.iter().find(|name| name.starts_with("builds."));
            let table = tables.open(builds.expect("it was begun")).unwrap();
            table.scan(Range::prefix("r")).unwrap().len()
        };
        let story = |from, to| {
            (from..to).map(|number| {
                (
                    format!("build-default:{number}"),
                    reported(number, "created").into(),
                )
            })
        };
        tell_all(&*log, story(0, 16)).await;
        engine.catch_up().await.unwrap();
        assert_eq!(written(), 0, "few rows wait for others");
        tell_all(&*log, story(16, 200)).await;
        engine.catch_up().await.unwrap();
        assert!(written() > 16, "{} builds", written());
    });
}
