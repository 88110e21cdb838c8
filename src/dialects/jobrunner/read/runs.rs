//! Runs. The view has an index for every frequent filter.

use std::sync::Arc;

use projections::jobs::runs::{RunPage, RunQuery, RunRow};
use projections::{Answer, RosterView, Views};

use super::{Found, Shown, Standing};
use crate::filter::{Filter, RunTest, State};
use crate::page::Page;
use crate::refusal::{Refusal, Reply};
use crate::visit::Visit;
use crate::wire;

/// Pages that begin behind so many runs are far away.
const FAR: usize = 1000;

pub(crate) struct Runs;

impl Shown for Runs {
    type Row = Arc<RunRow>;
    type Object = wire::Run;

    const AT_ONCE: usize = 1000;

    async fn standing(visit: &Visit<'_>, number: u64) -> Reply<Standing> {
        let run = find(visit, number).await?;
        let scope = visit.caller.scope();
        Ok(match run {
            None => Standing::Unknown,
            Some(run) => visit.app.views.of::<RosterView>()?.read(|roster| {
                if roster.sight(scope).sees_run(run.job) {
                    Standing::Seen
                } else {
                    Standing::Hidden
                }
            }),
        })
    }

    async fn list(visit: &Visit<'_>) -> Reply<Found<Arc<RunRow>>> {
        let filter = Filter::<RunTest>::read(&visit.parameters, visit.zone())?;
        let state = State::read(&visit.parameters);
        let page = Page::read(&visit.parameters)?;
        let scope = visit.caller.scope();
        let query = visit
            .app
            .views
            .of::<RosterView>()?
            .read(|roster| filter.query(state, roster, &roster.sight(scope)));
        let found = match query {
            None => RunPage {
                rows: Vec::new(),
                total: 0,
            },
            Some(query) => {
                let (offset, limit) = page.skip_and_take();
                let list = move |views: &Views| {
                    list(&views.of::<projections::Runs>()?, &query, offset, limit)
                };
                visit.app.views.ask(list).await?
            }
        };
        Ok(Found {
            page,
            total_count: found.total,
            rows: found.rows,
        })
    }

    async fn rows(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<Arc<RunRow>>> {
        let read = visit.app.views.ask(move |views| {
            let runs = views.of::<projections::Runs>()?;
            let found = numbers
                .into_iter()
                .filter_map(|number| runs.get(number).transpose());
            found.collect::<Answer<Vec<_>>>()
        });
        Ok(read.await?)
    }

    async fn objects(visit: &Visit<'_>, rows: &[Arc<RunRow>]) -> Reply<Vec<wire::Run>> {
        let objects = rows.iter().map(|row| wire::Run::of(row, visit.zone()));
        Ok(objects.collect())
    }
}

impl Runs {
    /// A run that is there.
    ///
    /// # Errors
    /// 404 when it is not.
    pub(crate) async fn row(visit: &Visit<'_>, number: u64) -> Reply<Arc<RunRow>> {
        find(visit, number).await?.ok_or(Refusal::NotFound)
    }
}

/// A page of runs. An offset far beyond the last run is not walked to.
fn list(
    runs: &projections::jobs::runs::Runs,
    query: &RunQuery,
    offset: usize,
    limit: usize,
) -> Answer<RunPage> {
    if offset > FAR {
        let total = runs.count(query)?;
        if offset as u64 >= total {
            let rows = Vec::new();
            return Ok(RunPage { rows, total });
        }
    }
    runs.list(query, offset, limit)
}

async fn find(visit: &Visit<'_>, number: u64) -> Reply<Option<Arc<RunRow>>> {
    let asked = visit
        .app
        .views
        .ask(move |views| views.of::<projections::Runs>()?.get(number));
    Ok(asked.await?)
}
