//! Kill requests, by their numbers.

use projections::Answer;
use projections::runs::KillRequestRow;

use super::{Found, Shown, Standing};
use crate::filter::{self, Filter};
use crate::page::Page;
use crate::refusal::{Refusal, Told};
use crate::visit::Visit;
use crate::wire;

pub(crate) struct KillRequests;

impl Shown for KillRequests {
    type Object = wire::KillRequest;

    async fn standing(visit: &Visit<'_>, number: u64) -> Told<Standing> {
        let found = find(visit, number).await?;
        Ok(found.map_or(Standing::Unknown, |row| sees_of(visit, row.job)))
    }

    async fn list(visit: &Visit<'_>) -> Told<Found<wire::KillRequest>> {
        Filter::<filter::KillRequest>::read(&visit.parameters, visit.zone())?;
        let page = Page::read(&visit.parameters)?;
        let (offset, limit) = page.skip_and_take();
        let scope = visit.caller.scope();
        let read = visit.house.views.ask(move |views| {
            let jobs = views
                .roster()
                .read(|roster| roster.sight(scope).jobs_of_kills_and_logs());
            views.runs().kill_requests(jobs.as_ref(), offset, limit)
        });
        let (rows, total_count) = read.await?;
        Ok(Found {
            page,
            total_count,
            objects: shown(visit, &rows),
        })
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Told<Vec<wire::KillRequest>> {
        let read = visit.house.views.ask(move |views| {
            let runs = views.runs();
            let found = numbers.into_iter();
            let found = found.filter_map(|number| runs.kill_request(number).transpose());
            found.collect::<Answer<Vec<_>>>()
        });
        Ok(shown(visit, &read.await?))
    }
}

impl KillRequests {
    /// A kill request that is there.
    ///
    /// # Errors
    /// 404 when it is not.
    pub(crate) async fn row(visit: &Visit<'_>, number: u64) -> Told<KillRequestRow> {
        find(visit, number).await?.ok_or(Refusal::NotFound)
    }
}

/// Whether the kill requests and logs of a job's runs are seen; nobody sees those of no run.
pub(super) fn sees_of(visit: &Visit<'_>, job: Option<u64>) -> Standing {
    let scope = visit.caller.scope();
    let sees = visit.house.views.roster().read(|roster| {
        let sight = roster.sight(scope);
        job.is_some_and(|job| sight.sees_kill_or_log(job))
    });
    if sees {
        Standing::Seen
    } else {
        Standing::Hidden
    }
}

async fn find(visit: &Visit<'_>, number: u64) -> Told<Option<KillRequestRow>> {
    let asked = visit
        .house
        .views
        .ask(move |views| views.runs().kill_request(number));
    Ok(asked.await?)
}

fn shown(visit: &Visit<'_>, rows: &[KillRequestRow]) -> Vec<wire::KillRequest> {
    let shown = rows
        .iter()
        .map(|row| wire::KillRequest::of(row, visit.zone()));
    shown.collect()
}
