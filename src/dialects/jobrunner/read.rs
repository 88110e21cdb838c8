//! Lists, single things and sets of them: the same for every resource, in the same order.
//!
//! Nobody sees what does not exist, so whether a number exists and whether it is seen are two questions:
//! old clients tell them apart by 404 and 401.

use std::collections::BTreeSet;

use axum::response::Response;
use serde::Serialize;

use crate::answer;
use crate::page::Page;
use crate::refusal::{Refusal, Reply};
use crate::visit::Visit;

mod jobs;
mod kill_requests;
mod of_runs;
mod roster;
mod run_logs;
mod runs;

pub(crate) use jobs::Jobs;
pub(crate) use kill_requests::KillRequests;
pub(crate) use roster::{Groups, InRoster, JobTemplates, Projects, WorkerPools, Workers, standing};
pub(crate) use run_logs::RunLogs;
pub(crate) use runs::Runs;

/// Whether something is there, and seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Unknown,
    Hidden,
    Seen,
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Found<T> {
    /// Which page it is in the end.
    pub(crate) page: Page,
    /// How many things there are on all pages.
    pub(crate) total_count: u64,
    pub(crate) objects: Vec<T>,
}

/// A resource as it is shown.
pub(crate) trait Shown {
    type Object: Serialize + Send;

    /// Whether a number exists, and is seen.
    fn standing(visit: &Visit<'_>, number: u64) -> impl Future<Output = Reply<Standing>> + Send;

    /// A page of what is seen and passes the filter.
    fn list(visit: &Visit<'_>) -> impl Future<Output = Reply<Found<Self::Object>>> + Send;

    /// Things that are seen, in this order.
    fn objects(
        visit: &Visit<'_>,
        numbers: Vec<u64>,
    ) -> impl Future<Output = Reply<Vec<Self::Object>>> + Send;
}

/// `GET /api/v1/run/`
pub(crate) async fn list<S: Shown>(visit: &Visit<'_>) -> Reply<Response> {
    visit.check_format()?;
    let found = S::list(visit).await?;
    let path = visit.request.uri.path();
    let Found {
        page,
        total_count,
        objects,
    } = found;
    answer::json(&page.envelope(path, &visit.parameters, total_count, objects))
}

/// `GET /api/v1/run/7/`
pub(crate) async fn detail<S: Shown>(visit: &Visit<'_>, number: Option<u64>) -> Reply<Response> {
    visit.check_format()?;
    let number = seen::<S>(visit, number).await?;
    let object = S::objects(visit, vec![number]).await?.pop();
    // It may have gone since.
    answer::json(&object.ok_or(Refusal::NotFound)?)
}

/// `GET /api/v1/run/set/7;8/`
pub(crate) async fn some<S: Shown>(
    visit: &Visit<'_>,
    numbers: &[Result<u64, String>],
) -> Reply<Response> {
    /// The names stand in alphabetical order.
    #[derive(Serialize)]
    struct Answer<T> {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        not_found: Vec<String>,
        objects: Vec<T>,
    }

    visit.check_format()?;
    let mut not_found = Vec::new();
    let mut seen = Vec::new();
    for number in numbers {
        let standing = match number {
            Ok(number) => S::standing(visit, *number).await?,
            Err(_) => Standing::Unknown,
        };
        match (standing, number) {
            (Standing::Hidden, _) => return Err(HIDDEN),
            (Standing::Seen, Ok(number)) => seen.push(*number),
            (_, Ok(number)) => not_found.push(number.to_string()),
            (_, Err(text)) => not_found.push(text.clone()),
        }
    }
    let mut once = BTreeSet::new();
    seen.retain(|number| once.insert(*number));
    let objects = S::objects(visit, seen).await?;
    answer::json(&Answer { not_found, objects })
}

/// The number, if it is one of something that exists and is seen.
///
/// # Errors
/// 404 and 401.
pub(crate) async fn seen<S: Shown>(visit: &Visit<'_>, number: Option<u64>) -> Reply<u64> {
    let number = number.ok_or(Refusal::NotFound)?;
    match S::standing(visit, number).await? {
        Standing::Unknown => Err(Refusal::NotFound),
        Standing::Hidden => Err(HIDDEN),
        Standing::Seen => Ok(number),
    }
}

/// How somebody is told that they do not see something.
pub(crate) const HIDDEN: Refusal = Refusal::Unauthorized("the caller does not see this");
