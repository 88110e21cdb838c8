//! What people set up: lists and rights are answered from memory, the rest is read for one page
//! only.

use std::collections::BTreeSet;

use projections::jobs::roster::{Roster, Sight, WorkerEntry};
use projections::{Answer, RosterView, Views};

use super::{Found, Shown, Standing};
use crate::filter::{self, Filter, Narrows};
use crate::page::Page;
use crate::refusal::Reply;
use crate::visit::Visit;
use crate::wire;

/// A resource whose things are all in memory.
pub(crate) trait InRoster {
    type Test: Narrows + Send + Sync;
    type Object: serde::Serialize + Send + 'static;

    /// How many rows are read at once: a description has 64 KiB at most.
    const AT_ONCE: usize = 32;

    fn exists(roster: &Roster, number: u64) -> bool;

    fn sees(sight: &Sight<'_>, number: u64) -> bool;

    /// Everything that passes the filter, in the order of the list.
    fn all(roster: &Roster, filter: &Filter<Self::Test>) -> Vec<u64>;

    /// Things as they are shown, read where they lie. Ones that are no more are left out.
    fn objects(
        visit: &Visit<'_>,
        numbers: Vec<u64>,
    ) -> impl Future<Output = Reply<Vec<Self::Object>>> + Send;
}

impl<K: InRoster> Shown for K {
    type Row = u64;
    type Object = K::Object;

    const AT_ONCE: usize = K::AT_ONCE;

    async fn standing(visit: &Visit<'_>, number: u64) -> Reply<Standing> {
        standing::<K>(visit, number)
    }

    async fn list(visit: &Visit<'_>) -> Reply<Found<u64>> {
        let filter = Filter::<K::Test>::read(&visit.parameters, visit.zone())?;
        let page = Page::read(&visit.parameters)?;
        let numbers: Vec<u64> = visit.app.views.of::<RosterView>()?.read(|roster| {
            let sight = roster.sight(visit.caller.scope());
            let all = K::all(roster, &filter);
            all.into_iter()
                .filter(|number| K::sees(&sight, *number))
                .collect()
        });
        let total_count = numbers.len() as u64;
        Ok(Found {
            page,
            total_count,
            rows: page.of(numbers.into_iter()),
        })
    }

    async fn rows(_: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<u64>> {
        Ok(numbers)
    }

    async fn objects(visit: &Visit<'_>, numbers: &[u64]) -> Reply<Vec<K::Object>> {
        K::objects(visit, numbers.to_vec()).await
    }
}

/// Whether a number exists, and the caller sees it.
///
/// # Errors
/// 503 while the roster is not up to date.
pub(crate) fn standing<K: InRoster>(visit: &Visit<'_>, number: u64) -> Reply<Standing> {
    let scope = visit.caller.scope();
    Ok(visit.app.views.of::<RosterView>()?.read(|roster| {
        if !K::exists(roster, number) {
            Standing::Unknown
        } else if K::sees(&roster.sight(scope), number) {
            Standing::Seen
        } else {
            Standing::Hidden
        }
    }))
}

pub(crate) struct Groups;
pub(crate) struct Projects;
pub(crate) struct WorkerPools;
pub(crate) struct Workers;
pub(crate) struct JobTemplates;

impl InRoster for Groups {
    type Test = filter::Group;
    type Object = wire::Group;

    fn exists(roster: &Roster, number: u64) -> bool {
        roster.group(number).is_some()
    }

    fn sees(sight: &Sight<'_>, number: u64) -> bool {
        sight.sees_group(number)
    }

    fn all(roster: &Roster, _: &Filter<filter::Group>) -> Vec<u64> {
        roster.groups().keys().copied().collect()
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<wire::Group>> {
        Ok(visit.app.views.of::<RosterView>()?.read(|roster| {
            let entries = numbers.iter().filter_map(|number| roster.group(*number));
            entries.map(wire::Group::of).collect()
        }))
    }
}

impl InRoster for Projects {
    type Test = filter::ProjectTest;
    type Object = wire::Project;

    fn exists(roster: &Roster, number: u64) -> bool {
        roster.project(number).is_some()
    }

    fn sees(sight: &Sight<'_>, number: u64) -> bool {
        sight.sees_project(number)
    }

    fn all(roster: &Roster, filter: &Filter<filter::ProjectTest>) -> Vec<u64> {
        let all = roster.projects_by_title();
        all.filter(|project| filter.tests.iter().all(|test| test.admits(Some(project))))
            .map(|project| project.number)
            .collect()
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<wire::Project>> {
        let rows = rows(visit, numbers, |views, number| {
            views.of::<RosterView>()?.project(number)
        });
        Ok(rows.await?.into_iter().map(wire::Project::of).collect())
    }
}

impl InRoster for WorkerPools {
    type Test = filter::WorkerPoolTest;
    type Object = wire::WorkerPool;

    fn exists(roster: &Roster, number: u64) -> bool {
        roster.worker_pool(number).is_some()
    }

    fn sees(sight: &Sight<'_>, number: u64) -> bool {
        sight.sees_worker_pool(number)
    }

    fn all(roster: &Roster, filter: &Filter<filter::WorkerPoolTest>) -> Vec<u64> {
        let within = within(filter, |project| match roster.project(project) {
            Some(project) => project.worker_pools.clone(),
            None => BTreeSet::new(),
        });
        let all = roster.worker_pools_by_title();
        all.filter(|pool| filter.tests.iter().all(|test| test.admits(pool)))
            .map(|pool| pool.number)
            .filter(|pool| within.as_ref().is_none_or(|pools| pools.contains(pool)))
            .collect()
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<wire::WorkerPool>> {
        let rows = rows(visit, numbers, |views, number| {
            views.of::<RosterView>()?.worker_pool(number)
        });
        Ok(rows.await?.into_iter().map(wire::WorkerPool::of).collect())
    }
}

impl InRoster for Workers {
    type Test = filter::WorkerTest;
    type Object = wire::Worker;

    fn exists(roster: &Roster, number: u64) -> bool {
        roster.worker(number).is_some()
    }

    fn sees(sight: &Sight<'_>, number: u64) -> bool {
        sight.sees_worker(number)
    }

    fn all(roster: &Roster, filter: &Filter<filter::WorkerTest>) -> Vec<u64> {
        let within = within(filter, |project| roster.workers_of_project(project));
        let all = roster.workers_by_title();
        all.filter(|worker| filter.tests.iter().all(|test| test.admits(Some(worker))))
            .map(|worker| worker.number)
            .filter(|worker| within.as_ref().is_none_or(|known| known.contains(worker)))
            .collect()
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<wire::Worker>> {
        let entries: Vec<WorkerEntry> = visit.app.views.of::<RosterView>()?.read(|roster| {
            let entries = numbers.iter().filter_map(|number| roster.worker(*number));
            entries.cloned().collect()
        });
        let numbers = entries.iter().map(|entry| entry.number).collect();
        let rows = rows(visit, numbers, |views, number| {
            views.of::<RosterView>()?.worker(number)
        })
        .await?;
        let shown = entries.into_iter().filter_map(|entry| {
            let row = rows.iter().find(|row| row.facts.number == entry.number)?;
            Some(wire::Worker::of(row.clone(), entry, visit.zone()))
        });
        Ok(shown.collect())
    }
}

impl InRoster for JobTemplates {
    type Test = filter::JobTemplateTest;
    type Object = wire::JobTemplate;

    fn exists(roster: &Roster, number: u64) -> bool {
        roster.job_template(number).is_some()
    }

    fn sees(sight: &Sight<'_>, number: u64) -> bool {
        sight.sees_job_template(number)
    }

    fn all(roster: &Roster, filter: &Filter<filter::JobTemplateTest>) -> Vec<u64> {
        let all = roster.job_templates_by_title();
        all.filter(|template| {
            let belongs = |project| i64::try_from(template.project) == Ok(project);
            let admitted = |test: &filter::JobTemplateTest| test.admits(roster, Some(template));
            filter.project.is_none_or(belongs) && filter.tests.iter().all(admitted)
        })
        .map(|template| template.number)
        .collect()
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<wire::JobTemplate>> {
        let rows = rows(visit, numbers, |views, number| {
            views.of::<RosterView>()?.job_template(number)
        });
        Ok(rows.await?.into_iter().map(wire::JobTemplate::of).collect())
    }
}

/// The members of a project, if the filter names one.
fn within<T>(filter: &Filter<T>, reached: impl Fn(u64) -> BTreeSet<u64>) -> Option<BTreeSet<u64>> {
    let project = filter.project?;
    Some(u64::try_from(project).map(reached).unwrap_or_default())
}

/// Reads rows on a thread that may wait for the disk.
pub(crate) async fn rows<T: Send + 'static>(
    visit: &Visit<'_>,
    numbers: Vec<u64>,
    row: impl Fn(&Views, u64) -> Answer<Option<T>> + Send + 'static,
) -> Reply<Vec<T>> {
    let asked = visit.app.views.ask(move |views| {
        let found = numbers
            .into_iter()
            .filter_map(|number| row(views, number).transpose());
        found.collect::<Answer<Vec<T>>>()
    });
    Ok(asked.await?)
}
