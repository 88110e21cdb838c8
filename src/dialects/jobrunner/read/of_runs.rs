//! Kill requests and logs. A caller sees them if it sees the job of the run.

use std::collections::BTreeSet;

use projections::jobs::runs::{KillRequestRow, RunLogRow, Runs};
use projections::{Answer, RosterView};

use super::{Found, Standing};
use crate::page::Page;
use crate::refusal::{Refusal, Reply};
use crate::visit::Visit;

/// A row of something that belongs to a run.
pub(super) trait OfRun: Send + Sized + 'static {
    fn get(runs: &Runs, number: u64) -> Answer<Option<Self>>;

    /// A page of those of the runs of these jobs, and how many there are.
    fn page(
        runs: &Runs,
        jobs: Option<&BTreeSet<u64>>,
        offset: usize,
        limit: usize,
    ) -> Answer<(Vec<Self>, u64)>;

    /// Those of these runs, in the order of lists.
    fn of(runs: &Runs, numbers: &BTreeSet<u64>) -> Answer<Vec<Self>>;

    /// The job of its run; none when the run is unknown.
    fn job(&self) -> Option<u64>;
}

impl OfRun for KillRequestRow {
    fn get(runs: &Runs, number: u64) -> Answer<Option<Self>> {
        runs.kill_request(number)
    }

    fn page(
        runs: &Runs,
        jobs: Option<&BTreeSet<u64>>,
        offset: usize,
        limit: usize,
    ) -> Answer<(Vec<Self>, u64)> {
        runs.kill_requests(jobs, offset, limit)
    }

    fn of(runs: &Runs, numbers: &BTreeSet<u64>) -> Answer<Vec<Self>> {
        let mut found = Vec::new();
        for number in numbers {
            found.extend(runs.kill_requests_of_run(*number)?);
        }
        found.sort_by_key(|row| row.number);
        Ok(found)
    }

    fn job(&self) -> Option<u64> {
        self.job
    }
}

impl OfRun for RunLogRow {
    fn get(runs: &Runs, number: u64) -> Answer<Option<Self>> {
        runs.run_log(number)
    }

    fn page(
        runs: &Runs,
        jobs: Option<&BTreeSet<u64>>,
        offset: usize,
        limit: usize,
    ) -> Answer<(Vec<Self>, u64)> {
        runs.run_logs(jobs, offset, limit)
    }

    fn of(runs: &Runs, numbers: &BTreeSet<u64>) -> Answer<Vec<Self>> {
        let newest_first = numbers.iter().rev();
        let found = newest_first.filter_map(|number| runs.log_of_run(*number).transpose());
        found.collect()
    }

    fn job(&self) -> Option<u64> {
        self.job
    }
}

/// Whether it exists, and the caller sees it. An object without a run is never seen.
pub(super) async fn standing<R: OfRun>(visit: &Visit<'_>, number: u64) -> Reply<Standing> {
    let Some(row) = find::<R>(visit, number).await? else {
        return Ok(Standing::Unknown);
    };
    let scope = visit.caller.scope();
    let sees = visit.app.views.of::<RosterView>()?.read(|roster| {
        let sight = roster.sight(scope);
        row.job().is_some_and(|job| sight.sees_kill_or_log(job))
    });
    Ok(if sees {
        Standing::Seen
    } else {
        Standing::Hidden
    })
}

/// One that is there.
///
/// # Errors
/// 404 when it is not.
pub(super) async fn row<R: OfRun>(visit: &Visit<'_>, number: u64) -> Reply<R> {
    find(visit, number).await?.ok_or(Refusal::NotFound)
}

/// A page of those that the caller sees: of these runs, or of all.
pub(super) async fn page<R: OfRun>(
    visit: &Visit<'_>,
    page: Page,
    of: Option<BTreeSet<u64>>,
) -> Reply<Found<R>> {
    let (offset, limit) = page.skip_and_take();
    let scope = visit.caller.scope();
    let read = visit.app.views.ask(move |views| {
        let roster = views.of::<RosterView>()?;
        let jobs = roster.read(|roster| roster.sight(scope).jobs_of_kills_and_logs());
        let Some(of) = of else {
            return R::page(&views.of::<Runs>()?, jobs.as_ref(), offset, limit);
        };
        let mut rows = R::of(&views.of::<Runs>()?, &of)?;
        rows.retain(|row| {
            let seen = |jobs: &BTreeSet<u64>| row.job().is_some_and(|job| jobs.contains(&job));
            jobs.as_ref().is_none_or(seen)
        });
        let total = rows.len() as u64;
        Ok((page.of(rows.into_iter()), total))
    });
    let (rows, total_count) = read.await?;
    Ok(Found {
        page,
        total_count,
        rows,
    })
}

/// Those with these numbers that are there.
pub(super) async fn several<R: OfRun>(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<R>> {
    let read = visit.app.views.ask(move |views| {
        let runs = views.of::<Runs>()?;
        let found = numbers.into_iter();
        let found = found.filter_map(|number| R::get(&runs, number).transpose());
        found.collect::<Answer<Vec<_>>>()
    });
    Ok(read.await?)
}

async fn find<R: OfRun>(visit: &Visit<'_>, number: u64) -> Reply<Option<R>> {
    let read = visit
        .app
        .views
        .ask(move |views| R::get(&views.of::<Runs>()?, number));
    Ok(read.await?)
}
