//! Rebuilds every view from the log, as of now or of any moment before.
//!
//! Async: the engine of the views folds on a thread of its own. The log is only read. The resulting
//! directory can be served read-only, together with the [`Past`] it was made from.

mod fold;

use std::path::PathBuf;
use std::sync::Arc;

use eventlog::{EventLog, Position};
use projections::{ProjectionStatus, ViewsConfig, table_digest};
use serde::Serialize;
use tables::{MemoryTables, Table, Tables};
use tables_lsm::{LsmConfig, LsmTables};

use crate::rows::count_rows;
use crate::{AsOf, Past, ToolError, ToolRun, Watch};

pub(crate) use fold::{fold_all, table_of};

/// The views to rebuild, and where.
#[derive(Clone, Debug)]
pub struct Options {
    pub to: To,
    /// The moment; by default now.
    pub until: Option<AsOf>,
    /// The views to report; all when there are none. All are made, because one reading serves all.
    pub views: Vec<String>,
    /// What the views are made with; it should be what the server has.
    pub config: ViewsConfig,
}

/// Where rebuilt views go.
#[derive(Clone, Debug)]
pub enum To {
    /// They are thrown away after their digests were taken. Takes as much memory as they have rows.
    Memory,
    /// Tables in a directory that is not there yet, or empty.
    Directory(PathBuf),
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Everything up to here is in the views.
    pub position: Position,
    pub views: Vec<View>,
}

/// One rebuilt view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    pub name: String,
    pub version: u32,
    /// One number for all of its rows: BLAKE3, hexadecimal. Two rebuilds to one position agree on
    /// it.
    pub digest: String,
    /// How many rows it has, those of its indexes included.
    pub rows: u64,
    /// How many events it skipped because this version cannot read them.
    pub faults: u64,
}

/// Makes the views.
///
/// # Errors
/// When a view is named that there is not, the directory is in use, or log or tables fail.
pub fn run<'a>(
    log: Arc<dyn EventLog>,
    options: Options,
    watch: &'a Watch<'a>,
) -> ToolRun<'a, Report> {
    Box::pin(async move {
        let Options {
            to,
            until,
            views,
            config,
        } = options;
        let past = Arc::new(Past::of(log, until).await?);
        let position = past.head();
        let tables = open(to).await?;
        let statuses = fold_all(past, Arc::clone(&tables), config, watch)
            .await?
            .statuses();
        for name in &views {
            if !statuses.iter().any(|status| status.name == name) {
                let known: Vec<_> = statuses.iter().map(|status| status.name).collect();
                let reason = format!(
                    "view `{name}` not found; expected one of {}",
                    known.join(", ")
                );
                return Err(ToolError::NotFound(reason));
            }
        }
        let wanted = move |status: &ProjectionStatus| {
            views.is_empty() || views.iter().any(|name| name == status.name)
        };
        let described = tokio::task::spawn_blocking(move || {
            let wanted = statuses.into_iter().filter(wanted);
            let views = wanted.map(|status| describe(&*tables, &status));
            views.collect::<Result<_, ToolError>>()
        });
        let mut views: Vec<View> = described.await.expect("describing does not panic")?;
        views.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Report { position, views })
    })
}

async fn open(to: To) -> Result<Arc<dyn Tables>, ToolError> {
    let directory = match to {
        To::Memory => return Ok(Arc::new(MemoryTables::new())),
        To::Directory(directory) => directory,
    };
    let mut entries = std::fs::read_dir(&directory).into_iter().flatten();
    if entries.next().is_some() {
        let reason = format!("{} is not empty", directory.display());
        return Err(ToolError::Usage(reason));
    }
    let opened =
        tokio::task::spawn_blocking(move || LsmTables::open(&directory, &LsmConfig::default()));
    let opened = opened.await.expect("opening does not panic");
    let opened = opened.map_err(|error| ToolError::Views(error.to_string()))?;
    Ok(Arc::new(opened.tables))
}

fn describe(tables: &dyn Tables, status: &ProjectionStatus) -> Result<View, ToolError> {
    let failed = |error: tables::TableError| ToolError::Views(error.to_string());
    let (_, table): (_, Arc<dyn Table>) = table_of(tables, status.name)?;
    Ok(View {
        name: status.name.to_owned(),
        version: status.version,
        digest: table_digest(&*table).map_err(failed)?,
        rows: count_rows(&*table).map_err(failed)?,
        faults: status.faults,
    })
}

#[cfg(test)]
mod tests;
