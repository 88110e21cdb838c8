//! Lists, single things and sets of them: the same for every resource, in the same order.
//!
//! Whether a number exists and whether the caller sees it are two questions: old clients
//! distinguish them by 404 and 401.

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
mod written;

pub(crate) use jobs::Jobs;
pub(crate) use kill_requests::KillRequests;
pub(crate) use roster::{Groups, InRoster, JobTemplates, Projects, WorkerPools, Workers, standing};
pub(crate) use run_logs::RunLogs;
pub(crate) use runs::Runs;
use written::Written;

/// Whether an object exists, and the caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Unknown,
    Hidden,
    Seen,
}

/// One page of a list, not yet written.
#[derive(Debug)]
pub(crate) struct Found<R> {
    pub(crate) page: Page,
    /// How many things there are on all pages.
    pub(crate) total_count: u64,
    pub(crate) rows: Vec<R>,
}

pub(crate) trait Shown {
    /// What is known of a thing before its texts are read: small, so that a whole page of rows may
    /// be held.
    type Row: Send + Sync;
    type Object: Serialize + Send;

    /// How many objects are held at once while a page is written: fewer when they may have long
    /// texts.
    const AT_ONCE: usize;

    /// Whether a number exists, and is visible to the caller.
    fn standing(visit: &Visit<'_>, number: u64) -> impl Future<Output = Reply<Standing>> + Send;

    /// A page of what the caller sees and the filter admits.
    fn list(visit: &Visit<'_>) -> impl Future<Output = Reply<Found<Self::Row>>> + Send;

    /// Things by number, in this order; the caller may see them.
    fn rows(
        visit: &Visit<'_>,
        numbers: Vec<u64>,
    ) -> impl Future<Output = Reply<Vec<Self::Row>>> + Send;

    /// These things as they are shown. Things that no longer exist are left out.
    fn objects(
        visit: &Visit<'_>,
        rows: &[Self::Row],
    ) -> impl Future<Output = Reply<Vec<Self::Object>>> + Send;
}

/// `GET /api/v1/run/`
pub(crate) async fn list<S: Shown>(visit: &Visit<'_>) -> Reply<Response> {
    visit.check_format()?;
    let found = S::list(visit).await?;
    let written = Written::of::<S>(visit, &found.rows).await?;
    let mut page = found.page;
    if written.is_cut {
        page.limit = written.count;
    }
    let path = visit.request.uri.path();
    let head = page.head(path, &visit.parameters, found.total_count);
    answer::with_objects(&head, written.into_text())
}

/// `GET /api/v1/run/7/`
pub(crate) async fn detail<S: Shown>(visit: &Visit<'_>, number: Option<u64>) -> Reply<Response> {
    visit.check_format()?;
    let number = seen::<S>(visit, number).await?;
    let rows = S::rows(visit, vec![number]).await?;
    let object = S::objects(visit, &rows).await?.pop();
    // It may have been deleted since.
    answer::json(&object.ok_or(Refusal::NotFound)?)
}

/// `GET /api/v1/run/set/7;8/`
pub(crate) async fn some<S: Shown>(
    visit: &Visit<'_>,
    numbers: &[Result<u64, String>],
) -> Reply<Response> {
    #[derive(Serialize)]
    struct Head {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        not_found: Vec<String>,
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
    let rows = S::rows(visit, seen).await?;
    let written = Written::of::<S>(visit, &rows).await?;
    if written.is_cut {
        let count = written.count;
        let what = format!("only {count} of these fit into one answer: ask for fewer at a time");
        return Err(Refusal::about("set", what));
    }
    answer::with_objects(&Head { not_found }, written.into_text())
}

/// The number, if its object exists and the caller sees it.
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

/// The answer for an object that the caller does not see.
pub(crate) const HIDDEN: Refusal = Refusal::Unauthorized("the caller does not see this");
