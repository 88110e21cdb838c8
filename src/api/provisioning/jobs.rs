//! Makes jobs as they are wanted: what belongs together must fit.

use std::collections::BTreeMap;

use commands::{runs, time_zone};
use domain::jobs::job::{self, Job, would_come_after_itself};
use domain::jobs::project::Project;
use domain::jobs::schedule::{Rhythm, first_occasion};
use jiff::tz::TimeZone;

use super::document::{Item, Which};
use super::kind::Jobs;
use super::plan::{Plan, Step};
use super::reading::Moment;
use super::wanted::set;
use super::{JobFields, Reference, Wanted};
use crate::wire::{Look, Thing};

impl Plan<'_> {
    pub(super) async fn job(&mut self, item: &Item<JobFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let template = wanted.job_template.as_ref();
        let template = self.number(place, "job_template", template, Self::find_template);
        let pool = wanted.worker_pool.as_ref();
        let pool = self.number(place, "worker_pool", pool, |plan, pool| {
            plan.find(Thing::WorkerPool, pool)
        });
        let (template, pool) = (template?, pool?);
        let known = match (item.which, template, wanted.name()) {
            (Which::Number(number), ..) => Some(number),
            (Which::Called, Some(template), Some(title)) => self.job_in(template, title),
            (Which::Called, None, Some(title)) => self.only_job(title),
            _ => None,
        };
        let (number, before) = self.open::<Jobs>(place, known).await?;
        let Some(template) = template.or(before.as_ref().map(|before| before.job_template)) else {
            return self.wrong(place, "job_template", "is missing");
        };
        let Some(pool) = pool.or(before.as_ref().map(|before| before.worker_pool)) else {
            return self.wrong(place, "worker_pool", "is missing");
        };
        let parent = match &wanted.parent {
            Some(Some(parent)) => {
                let parent = self.number(place, "parent", Some(parent), |plan, parent| {
                    plan.find_job(template, parent)
                })?;
                Some(parent)
            }
            Some(None) => Some(None),
            None => None,
        };
        let blank = || job::Created::blank(number, self.at);
        let mut facts = before.clone().unwrap_or_else(blank);
        wanted.set(&mut facts);
        facts.job_template = template;
        facts.worker_pool = pool;
        set(&mut facts.parent, parent.as_ref());
        set(&mut facts.script, self.prepared.text(place).as_ref());
        self.check_pool(place, before.as_ref(), &facts).await?;
        self.check_parent(place, &facts)?;
        self.check_rhythm(place, &facts)?;
        self.parents.insert(number, facts.parent);

        let mut settled = self.finish::<Jobs>(place, number, before, facts).await?;
        let first_run = match &settled.before {
            None => wanted
                .first_run
                .or_else(|| self.by_calendar(&settled.after)),
            Some(before) => self.begins_now(before, &settled.after),
        };
        settled.report.first_run = self.first_run(place, number, first_run).await?;
        if settled.before.is_none() {
            self.note_repeats(&settled.after, first_run);
        }
        settled.key = self.job_key(settled.key, template).await?;
        self.report(settled);
        Ok(())
    }

    /// The pool of a job is one of its project's. One that is as it was is nobody's fault here.
    async fn check_pool(
        &mut self,
        place: &str,
        before: Option<&job::Created>,
        after: &job::Created,
    ) -> Step<()> {
        let place_of = |job: &job::Created| (job.job_template, job.worker_pool);
        if before.map(place_of) == Some(place_of(after)) {
            return Ok(());
        }
        let project = self.project_of(place, after.job_template).await?;
        if self.has_pool(place, project, after.worker_pool).await? {
            return Ok(());
        }
        let pool = self.named(Thing::WorkerPool, after.worker_pool).title;
        let project = self.named(Thing::Project, project).title;
        let message =
            format!("`{pool:.255}` is not one of the pools of the project `{project:.255}`");
        self.wrong(place, "worker_pool", message)
    }

    async fn has_pool(&mut self, place: &str, project: u64, pool: u64) -> Step<bool> {
        let loaded = self.unit.load::<Project>(&project.to_string()).await;
        let loaded = loaded.map_err(|error| self.refused(place, error))?;
        let facts = loaded.facts();
        Ok(facts.is_some_and(|project| project.worker_pools.contains(&pool)))
    }

    fn check_parent(&mut self, place: &str, job: &job::Created) -> Step<()> {
        let Some(parent) = job.parent else {
            return Ok(());
        };
        let roster = &self.roster;
        let parents = &self.parents;
        let is_circle =
            would_come_after_itself(job.number, parent, |job| match parents.get(&job) {
                Some(parent) => *parent,
                None => roster.read(|roster| roster.job(job)?.parent),
            });
        if is_circle {
            return self.wrong(place, "parent", "would have the job come after itself");
        }
        Ok(())
    }

    /// What a job follows is one thing, so that nobody has to guess.
    fn check_rhythm(&mut self, place: &str, job: &job::Created) -> Step<()> {
        let has_interval = job.interval_count.is_some() || job.interval_unit.is_some();
        if job.cron.is_some() && has_interval {
            let message = "excludes `reschedule_interval` and `reschedule_interval_type`: empty one or the other";
            return self.wrong(place, "cron", message);
        }
        Ok(())
    }

    /// When a job with a cron expression runs for the first time, by its own clock.
    fn by_calendar(&self, job: &job::Created) -> Option<Moment> {
        let rhythm = Rhythm::of(None, job.cron.as_deref())?;
        let zone = job.time_zone.as_deref().and_then(time_zone);
        let zone = zone.or_else(|| self.app.settings.time_zone.clone());
        let zone = zone.unwrap_or(TimeZone::UTC);
        first_occasion(&rhythm, &job.excluded, self.at, &zone).map(Moment::At)
    }

    /// When a job begins that has a cron expression from now on. One that waits to be sent is followed by the next;
    /// one that was sent is not looked at again.
    fn begins_now(&self, before: &job::Created, after: &job::Created) -> Option<Moment> {
        let waiting = self.runs.scheduled_of_job(after.number);
        let is_followed = waiting.iter().any(|run| !run.is_manual && !run.is_retry());
        let begins = before.cron.is_none() && after.cron.is_some() && !is_followed;
        begins.then(|| self.by_calendar(after)).flatten()
    }

    async fn first_run(
        &mut self,
        place: &str,
        job: u64,
        moment: Option<Moment>,
    ) -> Step<Option<u64>> {
        let Some(moment) = moment else {
            return Ok(None);
        };
        let plan = runs::Plan {
            job,
            schedule_at: match moment {
                Moment::Now => self.at,
                Moment::At(at) => at,
            },
            schedule_id: None,
            worker: None,
            is_manual: false,
            schedule_children: true,
        };
        let scheduled = runs::schedule(self.unit, &plan).await;
        let run = scheduled.map_err(|error| self.refused(place, error))?;
        Ok(Some(run))
    }

    /// Says so when a new job will never do what its interval promises.
    fn note_repeats(&mut self, job: &job::Created, first_run: Option<Moment>) {
        let title = &job.title;
        let parts = (job.interval_count.is_some(), job.interval_unit.is_some());
        let note = match parts {
            _ if job.cron.is_some() && first_run.is_none() => format!(
                "the job `{title}` repeats, but never begins: a whole day is excluded whenever its cron expression matches"
            ),
            (true, true) if first_run.is_none() => {
                format!(
                    "the job `{title}` repeats, but never begins by itself: it has no first_run"
                )
            }
            (true, false) | (false, true) => format!(
                "the job `{title}` does not repeat: it needs both reschedule_interval and reschedule_interval_type"
            ),
            _ => return,
        };
        self.applied.notes.push(note);
    }

    /// No job is left with a pool that its project no longer has.
    pub(super) async fn check_lost_pools(&mut self) -> Step<()> {
        let lost = std::mem::take(&mut self.lost_pools);
        for (project, (place, pools)) in lost {
            if pools.is_empty() {
                continue;
            }
            let jobs = self.roster.read(|roster| roster.jobs_of_project(project));
            for number in jobs {
                let loaded = self.unit.load::<Job>(&number.to_string()).await;
                let loaded = loaded.map_err(|error| self.refused(&place, error))?;
                let Some(job) = loaded.facts() else { continue };
                if pools.contains(&job.worker_pool)
                    && self.project_of(&place, job.job_template).await? == project
                {
                    let pool = self.named(Thing::WorkerPool, job.worker_pool).title;
                    let message = format!(
                        "lacks `{pool:.255}`, which the job `{:.255}` (number {number}) uses",
                        job.title
                    );
                    // One is enough to find the others by.
                    return self.wrong(&place, "worker_pools", message);
                }
            }
        }
        Ok(())
    }

    /// By what a job is known in the report.
    async fn job_key(&mut self, title: String, template: u64) -> Step<String> {
        if !self.ambiguous.contains(&(Thing::Job, title.clone())) {
            return Ok(title);
        }
        let project = self.project_of("", template).await?;
        let project = self.named(Thing::Project, project).title;
        let template = self.named(Thing::JobTemplate, template).title;
        Ok(format!("{project}/{template}/{title}"))
    }

    /// By what a template is known in the report.
    pub(super) fn template_key(&self, title: String, project: u64) -> String {
        if !self
            .ambiguous
            .contains(&(Thing::JobTemplate, title.clone()))
        {
            return title;
        }
        let project = self.named(Thing::Project, project).title;
        format!("{project}/{title}")
    }
}

/// Puts parents before their children, as far as both are in the document and somebody can tell.
pub(super) fn parents_first(jobs: &mut Vec<Item<JobFields>>) {
    let mut by_title: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, job) in jobs.iter().enumerate() {
        by_title
            .entry(job.wanted.name().unwrap_or_default())
            .or_default()
            .push(index);
    }
    let parents = |index: usize| -> Vec<usize> {
        let Some(Some(Reference::Called(name))) = &jobs[index].wanted.parent else {
            return Vec::new();
        };
        let ends = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
        let titles = std::iter::once(name.as_str()).chain(ends);
        titles
            .filter_map(|title| by_title.get(title))
            .flatten()
            .copied()
            .collect()
    };
    let mut order = Vec::with_capacity(jobs.len());
    let mut seen = vec![false; jobs.len()];
    // Without recursion: somebody may write ten thousand jobs, each after the other.
    for first in 0..jobs.len() {
        let mut open = vec![(first, false)];
        while let Some((index, done)) = open.pop() {
            if done {
                order.push(index);
            } else if !std::mem::replace(&mut seen[index], true) {
                open.push((index, true));
                open.extend(parents(index).into_iter().map(|parent| (parent, false)));
            }
        }
    }
    let mut taken: Vec<Option<Item<JobFields>>> = jobs.drain(..).map(Some).collect();
    *jobs = order
        .into_iter()
        .filter_map(|index| taken[index].take())
        .collect();
}
