//! Kill requests, by their numbers.

use projections::jobs::runs::KillRequestRow;

use super::{Found, Shown, Standing, of_runs};
use crate::filter::{Filter, KillRequestTest};
use crate::page::Page;
use crate::refusal::Reply;
use crate::visit::Visit;
use crate::wire;

pub(crate) struct KillRequests;

impl Shown for KillRequests {
    type Row = KillRequestRow;
    type Object = wire::KillRequest;

    const AT_ONCE: usize = 1000;

    async fn standing(visit: &Visit<'_>, number: u64) -> Reply<Standing> {
        of_runs::standing::<KillRequestRow>(visit, number).await
    }

    async fn list(visit: &Visit<'_>) -> Reply<Found<KillRequestRow>> {
        let filter = Filter::<KillRequestTest>::read(&visit.parameters, visit.zone())?;
        of_runs::page(visit, Page::read(&visit.parameters)?, filter.runs()).await
    }

    async fn rows(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<KillRequestRow>> {
        of_runs::several(visit, numbers).await
    }

    async fn objects(visit: &Visit<'_>, rows: &[KillRequestRow]) -> Reply<Vec<wire::KillRequest>> {
        let rows = rows.iter();
        let objects = rows.map(|row| wire::KillRequest::of(row, visit.zone()));
        Ok(objects.collect())
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
