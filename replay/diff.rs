//! Compares the views that a server left behind with views rebuilt from the log.
//!
//! Async; folding and comparing run on blocking threads. The server must be stopped. Its tables are
//! copied first and only the copy is opened, so that looking changes nothing, not even when they
//! are damaged.

mod compare;
pub(crate) mod copy;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventlog::{EventLog, Position};
use projections::ViewsConfig;
use serde::Serialize;
use tables::Tables;
use tables_lsm::{LsmConfig, LsmTables};

use crate::rebuild::{fold_all, table_of};
use crate::{Past, ToolError, ToolRun, Watch};

/// What to compare.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory of the live tables (`views`).
    pub live: PathBuf,
    /// A new directory for the copy and the rebuilt views; removed at the end. It
    /// needs about twice the space of the live tables.
    pub scratch: PathBuf,
    /// The views to compare; all when there are none.
    pub views: Vec<String>,
    /// What the server's views were made with.
    pub config: ViewsConfig,
    /// How many differing rows are shown of each view.
    pub differences_max: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Up to here both were folded.
    pub position: Position,
    /// Why the live tables could not be opened, if so: a server would rebuild them.
    pub damaged: Option<String>,
    pub views: Vec<View>,
}

/// One view, live and rebuilt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    pub name: String,
    /// The result for the live view.
    pub live: Live,
    /// Whether there is a live view and every row of it is the same.
    pub equal: bool,
    /// Whether the live table is unusable, so that a server would rebuild it.
    pub discarded: bool,
    /// How many rows the live view has.
    pub rows: u64,
    /// How many rows differ, are missing or are too many.
    pub different: u64,
    pub differences: Vec<Difference>,
}

/// The result for a live view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// It equals the rebuilt view.
    Equal,
    /// It does not.
    Different,
    /// Written by another version of this program: not comparable; this one rebuilds it when it
    /// starts.
    OtherVersion,
    /// Missing or damaged, so that a server would rebuild it.
    Unusable,
}

/// One row that is not what it should be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its key, text where it is text.
    pub key: String,
    /// What the server has; nothing when the row is missing.
    pub live: Option<serde_json::Value>,
    /// The rebuilt row; nothing when there should be no such row.
    pub rebuilt: Option<serde_json::Value>,
}

impl Report {
    /// Whether the live views equal the rebuilt ones.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.damaged.is_none() && self.views.iter().all(|view| view.live == Live::Equal)
    }

    /// What a command line exits with: 0, or 6 when something differs.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_equal() { 0 } else { 6 }
    }
}

/// Compares.
///
/// # Errors
/// When a view is named that there is not, a directory cannot be used, or log or tables fail. That
/// something differs is no error: it is in the report.
pub fn run<'a>(
    log: Arc<dyn EventLog>,
    options: Options,
    watch: &'a Watch<'a>,
) -> ToolRun<'a, Report> {
    Box::pin(async move {
        if !options.live.is_dir() {
            let reason = format!("no views in {}", options.live.display());
            return Err(ToolError::NotFound(reason));
        }
        if options.scratch.exists() {
            let reason = format!("{} exists", options.scratch.display());
            return Err(ToolError::Usage(reason));
        }
        let scratch = options.scratch.clone();
        let report = compare_in(log, options, watch).await;
        // No longer needed; if it cannot be removed, its name shows its purpose.
        let _ = std::fs::remove_dir_all(&scratch);
        report
    })
}

async fn compare_in(
    log: Arc<dyn EventLog>,
    options: Options,
    watch: &Watch<'_>,
) -> Result<Report, ToolError> {
    let Options {
        live,
        scratch,
        views,
        config,
        differences_max,
    } = options;
    let copied = scratch.join("live");
    copy::tables(&live, &copied)?;
    let past = Arc::new(Past::of(log, None).await?);
    let position = past.head();
    let (live, damaged) = open(&copied).await?;
    let before = live
        .names()
        .map_err(|error| ToolError::Views(error.to_string()))?;
    let past: Arc<dyn EventLog> = past;
    fold_all(Arc::clone(&past), Arc::clone(&live), config.clone(), watch).await?;
    let (rebuilt, _) = open(&scratch.join("rebuilt")).await?;
    let statuses = fold_all(past, Arc::clone(&rebuilt), config, watch)
        .await?
        .statuses();

    let mut names: Vec<String> = statuses
        .iter()
        .map(|status| status.name.to_owned())
        .collect();
    names.sort();
    if let Some(unknown) = views.iter().find(|name| !names.contains(name)) {
        let reason = format!(
            "view `{unknown}` not found; expected one of {}",
            names.join(", ")
        );
        return Err(ToolError::NotFound(reason));
    }
    names.retain(|name| views.is_empty() || views.contains(name));
    let compared = tokio::task::spawn_blocking(move || {
        let compared = names.iter().map(|view| {
            let (live_name, live) = table_of(&*live, view)?;
            let (_, rebuilt) = table_of(&*rebuilt, view)?;
            let found = compare::tables(view, &*live, &*rebuilt, differences_max);
            let found = found.map_err(|error| ToolError::Views(error.to_string()))?;
            Ok(match standing(view, &live_name, &before) {
                None => found,
                // What was compared is what this program made of the log just now, twice.
                Some(live) => View {
                    live,
                    equal: false,
                    discarded: true,
                    ..found
                },
            })
        });
        compared.collect::<Result<Vec<_>, ToolError>>()
    });
    let views = compared.await.expect("comparing does not panic")?;
    Ok(Report {
        position,
        damaged,
        views,
    })
}

/// Why there is nothing of a server's to compare, if so: the table that this program goes on with
/// was not `before` among those that it found.
fn standing(view: &str, table: &str, before: &[String]) -> Option<Live> {
    if before.iter().any(|name| name == table) {
        return None;
    }
    let of_view = format!("{view}.v");
    let version = table
        .rsplit_once(".g")
        .map_or(table, |(version, _)| version);
    let is_other =
        |name: &&String| name.starts_with(&of_view) && !name.starts_with(&format!("{version}.g"));
    Some(match before.iter().find(is_other) {
        Some(_) => Live::OtherVersion,
        None => Live::Unusable,
    })
}

async fn open(directory: &Path) -> Result<(Arc<dyn Tables>, Option<String>), ToolError> {
    let directory = directory.to_owned();
    let opened =
        tokio::task::spawn_blocking(move || LsmTables::open(&directory, &LsmConfig::default()));
    let opened = opened.await.expect("opening does not panic");
    let opened = opened.map_err(|error| ToolError::Views(error.to_string()))?;
    let damaged = opened.damaged.map(|damage| damage.reason);
    Ok((Arc::new(opened.tables), damaged))
}

#[cfg(test)]
mod tests;
