//! Logs of runs, the newest run's first. What they say is read where it lies: in its event, or beside the log.

use projections::runs::RunLogRow;
use web::Problem;

use super::{Found, Shown, Standing, of_runs};
use crate::filter::{Filter, RunLogTest};
use crate::page::Page;
use crate::refusal::{Refusal, Reply};
use crate::visit::Visit;
use crate::wire;

/// How many bytes the logs of one page may have. A page that would have more is shorter, and says so.
const PAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(crate) struct RunLogs;

impl Shown for RunLogs {
    type Object = wire::RunLog;

    async fn standing(visit: &Visit<'_>, number: u64) -> Reply<Standing> {
        of_runs::standing::<RunLogRow>(visit, number).await
    }

    async fn list(visit: &Visit<'_>) -> Reply<Found<wire::RunLog>> {
        let filter = Filter::<RunLogTest>::read(&visit.parameters, visit.zone())?;
        let mut page = Page::read(&visit.parameters)?;
        let (mut rows, total_count) = of_runs::page(visit, page, filter.runs()).await?;
        if let Some(fitting) = fitting(&rows) {
            rows.truncate(fitting);
            page.limit = fitting as u64;
        }
        Ok(Found {
            page,
            total_count,
            objects: shown(visit, &rows).await?,
        })
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<wire::RunLog>> {
        let rows = of_runs::several(visit, numbers).await?;
        if let Some(fitting) = fitting(&rows) {
            let what = format!("only {fitting} of these logs fit into one answer");
            return Err(Refusal::about("set", what));
        }
        shown(visit, &rows).await
    }
}

impl RunLogs {
    /// A log that is there.
    ///
    /// # Errors
    /// 404 when it is not.
    pub(crate) async fn row(visit: &Visit<'_>, number: u64) -> Reply<RunLogRow> {
        of_runs::row(visit, number).await
    }
}

/// How many logs fit into one answer, if not all of them do. One always does.
fn fitting(rows: &[RunLogRow]) -> Option<usize> {
    let mut bytes = 0;
    let over = rows.iter().position(|row| {
        bytes += row.size.unwrap_or_default();
        bytes > PAGE_BYTES_MAX
    })?;
    (rows.len() > 1).then_some(over.max(1))
}

async fn shown(visit: &Visit<'_>, rows: &[RunLogRow]) -> Reply<Vec<wire::RunLog>> {
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        shown.push(wire::RunLog::of(row, content(visit, row).await?));
    }
    Ok(shown)
}

async fn content(visit: &Visit<'_>, row: &RunLogRow) -> Reply<Option<String>> {
    let history = visit.app.views.history();
    match history.content_of(row).await.map_err(Problem::from)? {
        Some(text) => Ok(Some(visit.app.read_text(&text).await?)),
        None if row.size.is_none() => Ok(None),
        None => {
            let (run, position) = (row.run, row.content_position);
            tracing::error!(run, %position, "the log of run {run} does not stand at {position}");
            Err(Refusal::App(Problem::internal("a log is lost")))
        }
    }
}
