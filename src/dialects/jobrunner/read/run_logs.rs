//! Logs of runs, the newest run's first. Their text is read from its event, or from the blobs when
//! it is long.

use projections::jobs::runs::RunLogRow;
use web::Problem;

use super::{Found, Shown, Standing, of_runs};
use crate::filter::{Filter, RunLogTest};
use crate::page::Page;
use crate::refusal::{Refusal, Reply};
use crate::visit::Visit;
use crate::wire;

pub(crate) struct RunLogs;

impl Shown for RunLogs {
    type Row = RunLogRow;
    type Object = wire::RunLog;

    const AT_ONCE: usize = 1;

    async fn standing(visit: &Visit<'_>, number: u64) -> Reply<Standing> {
        of_runs::standing::<RunLogRow>(visit, number).await
    }

    async fn list(visit: &Visit<'_>) -> Reply<Found<RunLogRow>> {
        let filter = Filter::<RunLogTest>::read(&visit.parameters, visit.zone())?;
        of_runs::page(visit, Page::read(&visit.parameters)?, filter.runs()).await
    }

    async fn rows(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<RunLogRow>> {
        of_runs::several(visit, numbers).await
    }

    async fn objects(visit: &Visit<'_>, rows: &[RunLogRow]) -> Reply<Vec<wire::RunLog>> {
        let mut objects = Vec::with_capacity(rows.len());
        for row in rows {
            objects.push(wire::RunLog::of(row, content(visit, row).await?));
        }
        Ok(objects)
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

async fn content(visit: &Visit<'_>, row: &RunLogRow) -> Reply<Option<String>> {
    let history = visit.app.views.history();
    match history.content_of(row).await.map_err(Problem::from)? {
        Some(text) => Ok(Some(visit.app.read_text(&text).await?)),
        None if row.size.is_none() => Ok(None),
        None => {
            let (run, position) = (row.run, row.content_position);
            tracing::error!(run, %position, "the log of run {run} is not at position {position}");
            Err(Refusal::App(Problem::internal("a log is lost")))
        }
    }
}
