//! Kill requests, by their numbers.

use projections::runs::KillRequestRow;

use super::{Found, Shown, Standing, of_runs};
use crate::filter::{Filter, KillRequestTest};
use crate::page::Page;
use crate::refusal::Reply;
use crate::visit::Visit;
use crate::wire;

pub(crate) struct KillRequests;

impl Shown for KillRequests {
    type Object = wire::KillRequest;

    async fn standing(visit: &Visit<'_>, number: u64) -> Reply<Standing> {
        of_runs::standing::<KillRequestRow>(visit, number).await
    }

    async fn list(visit: &Visit<'_>) -> Reply<Found<wire::KillRequest>> {
        let filter = Filter::<KillRequestTest>::read(&visit.parameters, visit.zone())?;
        let page = Page::read(&visit.parameters)?;
        let (rows, total_count) = of_runs::page(visit, page, filter.runs()).await?;
        Ok(Found {
            page,
            total_count,
            objects: shown(visit, &rows),
        })
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<wire::KillRequest>> {
        Ok(shown(visit, &of_runs::several(visit, numbers).await?))
    }
}

impl KillRequests {
    /// A kill request that is there.
    ///
    /// # Errors
    /// 404 when it is not.
    pub(crate) async fn row(visit: &Visit<'_>, number: u64) -> Reply<KillRequestRow> {
        of_runs::row(visit, number).await
    }
}

fn shown(visit: &Visit<'_>, rows: &[KillRequestRow]) -> Vec<wire::KillRequest> {
    let shown = rows
        .iter()
        .map(|row| wire::KillRequest::of(row, visit.zone()));
    shown.collect()
}
