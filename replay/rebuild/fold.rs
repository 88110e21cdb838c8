//! Folds a log into tables, from their current positions.

use std::sync::Arc;
use std::time::Duration;

use eventlog::EventLog;
use projections::{ProjectionState, ProjectionStatus, Views, ViewsConfig};
use tables::{Table, Tables};

use crate::{Progress, ToolError, Unit, Watch};

/// How long to wait for news before looking whether the views are in trouble.
const LOOK_AFTER: Duration = Duration::from_millis(250);

/// Brings all views to the end of a log whose head does not move, persists them, and returns their
/// state.
pub(crate) async fn fold_all(
    log: Arc<dyn EventLog>,
    tables: Arc<dyn Tables>,
    config: ViewsConfig,
    watch: &Watch<'_>,
) -> Result<Views, ToolError> {
    let head = log.head();
    let failed = |reason: String| ToolError::Views(reason);
    let started = tokio::task::spawn_blocking(move || Views::start(log, tables, config));
    let started = started.await.expect("starting does not panic");
    let views = started.map_err(|error| failed(error.to_string()))?;
    let mut moved = views.watch();
    loop {
        let statuses = views.statuses();
        let reached = statuses
            .iter()
            .map(|status| status.position)
            .min()
            .unwrap_or(head);
        let (done, total) = (reached.0, Some(head.0));
        watch(Progress {
            done,
            total,
            unit: Unit::Events,
        });
        for ProjectionStatus {
            name, error, state, ..
        } in &statuses
        {
            if let Some(error) = error {
                return Err(failed(format!("{name}: {error}")));
            }
            if *state == ProjectionState::Broken {
                return Err(failed(format!("rebuilding {name} failed")));
            }
        }
        let busy =
            |status: &ProjectionStatus| matches!(status.state, ProjectionState::Rebuilding { .. });
        if reached >= head && !statuses.iter().any(busy) {
            let finishing = views.clone();
            let finished = tokio::task::spawn_blocking(move || finishing.shutdown());
            finished.await.expect("shutting down does not panic");
            return Ok(views);
        }
        if let Ok(Err(_)) = tokio::time::timeout(LOOK_AFTER, moved.changed()).await {
            return Err(failed("the views have stopped".to_owned()));
        }
    }
}

/// The table that answers for a view, and its name: the newest generation.
pub(crate) fn table_of(
    tables: &dyn Tables,
    view: &str,
) -> Result<(String, Arc<dyn Table>), ToolError> {
    let failed = |error: tables::TableError| ToolError::Views(error.to_string());
    let names = tables.names().map_err(failed)?;
    let generation = |name: &String| {
        let (version, generation) = name
            .strip_prefix(view)?
            .strip_prefix(".v")?
            .split_once(".g")?;
        Some((
            version.parse::<u32>().ok()?,
            generation.parse::<u64>().ok()?,
        ))
    };
    let newest = names
        .into_iter()
        .filter_map(|name| Some((generation(&name)?, name)))
        .max();
    let Some((_, name)) = newest else {
        return Err(ToolError::Views(format!("`{view}` has no table")));
    };
    let table = tables.open(&name).map_err(failed)?;
    Ok((name, table))
}
