mod ahead;
mod failures;
mod recovery;
mod same_bytes;

use std::sync::Arc;

use eventlog::EventLog;
use tables::Tables;

use super::{Engine, ProjectorConfig};
use crate::testing::config;
use crate::views::kinds;

/// All views over a log and tables, moved on by the test itself.
async fn engine(log: &Arc<impl EventLog>, tables: &Arc<impl Tables + 'static>) -> Engine {
    engine_with(log, tables, config()).await
}

async fn engine_with(
    log: &Arc<impl EventLog>,
    tables: &Arc<impl Tables + 'static>,
    config: ProjectorConfig,
) -> Engine {
    let followed: Arc<dyn EventLog> = log.clone();
    let kinds = kinds(&config, &followed);
    Engine::open(log.clone(), tables.clone(), kinds, config)
        .await
        .unwrap()
}

/// What every view says, as one number each, models in memory written down first.
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
