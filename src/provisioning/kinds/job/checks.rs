//! What belongs together: the pool of a job and its project, jobs and their parents, an interval or
//! an expression.

use domain::jobs::job::{Created, Job, would_come_after_itself};
use domain::jobs::project::Project;
use domain::jobs::worker_pool::WorkerPool;

use crate::Look;
use crate::kinds::job_template::project_of;
use crate::plan::{Plan, Step};

/// The pool of a job is one of its project's. A pool that was not changed is not checked here.
pub(super) async fn check_pool(
    plan: &mut Plan<'_>,
    place: &str,
    before: Option<&Created>,
    after: &Created,
) -> Step<()> {
    let place_of = |job: &Created| (job.job_template, job.worker_pool);
    if before.map(place_of) == Some(place_of(after)) {
        return Ok(());
    }
    let project = project_of(plan, place, after.job_template).await?;
    if has_pool(plan, place, project, after.worker_pool).await? {
        return Ok(());
    }
    let pool = plan.named::<WorkerPool>(after.worker_pool).title;
    let project = plan.named::<Project>(project).title;
    let message = format!("`{pool:.255}` is not one of the pools of the project `{project:.255}`");
    plan.wrong(place, "worker_pool", message)
}

async fn has_pool(plan: &mut Plan<'_>, place: &str, project: u64, pool: u64) -> Step<bool> {
    let loaded = plan.unit.load::<Project>(&project.to_string()).await;
    let loaded = loaded.map_err(|error| plan.refused(place, error))?;
    let facts = loaded.facts();
    Ok(facts.is_some_and(|project| project.worker_pools.contains(&pool)))
}

pub(super) fn check_parent(plan: &mut Plan<'_>, place: &str, job: &Created) -> Step<()> {
    let Some(parent) = job.parent else {
        return Ok(());
    };
    let roster = &plan.roster;
    let parents = &plan.parents;
    let is_circle = would_come_after_itself(job.number, parent, |job| match parents.get(&job) {
        Some(parent) => *parent,
        None => roster.read(|roster| roster.job(job)?.parent),
    });
    if is_circle {
        return plan.wrong(place, "parent", "would have the job come after itself");
    }
    Ok(())
}

/// A job has an interval or a cron expression, never both.
pub(super) fn check_rhythm(plan: &mut Plan<'_>, place: &str, job: &Created) -> Step<()> {
    let has_interval = job.interval_count.is_some() || job.interval_unit.is_some();
    if job.cron.is_some() && has_interval {
        let message =
            "excludes `reschedule_interval` and `reschedule_interval_type`: empty one or the other";
        return plan.wrong(place, "cron", message);
    }
    Ok(())
}

/// No job is left with a pool that its project no longer has.
pub(crate) async fn check_lost_pools(plan: &mut Plan<'_>) -> Step<()> {
    let lost = std::mem::take(&mut plan.lost_pools);
    for (project, (place, pools)) in lost {
        if pools.is_empty() {
            continue;
        }
        let jobs = plan.roster.read(|roster| roster.jobs_of_project(project));
        for number in jobs {
            let loaded = plan.unit.load::<Job>(&number.to_string()).await;
            let loaded = loaded.map_err(|error| plan.refused(&place, error))?;
            let Some(job) = loaded.facts() else { continue };
            if pools.contains(&job.worker_pool)
                && project_of(plan, &place, job.job_template).await? == project
            {
                let pool = plan.named::<WorkerPool>(job.worker_pool).title;
                let message = format!(
                    "lacks `{pool:.255}`, which the job `{:.255}` (number {number}) uses",
                    job.title
                );
                // One is enough to find the others by.
                return plan.wrong(&place, "worker_pools", message);
            }
        }
    }
    Ok(())
}
