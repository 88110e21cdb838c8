//! Jobs, with the scripts that workers execute.

use std::collections::BTreeMap;

use domain::jobs::job_template::script_of;
use projections::jobs::roster::{JobEntry, JobRow, JobTemplateRow, Roster, Sight};
use projections::{Answer, RosterView, Views};

use super::roster::InRoster;
use crate::filter::{Filter, JobTest};
use crate::refusal::Reply;
use crate::visit::Visit;
use crate::wire;

pub(crate) struct Jobs;

impl InRoster for Jobs {
    type Test = JobTest;
    type Object = wire::Job;

    const AT_ONCE: usize = 4;

    fn exists(roster: &Roster, number: u64) -> bool {
        roster.job(number).is_some()
    }

    fn sees(sight: &Sight<'_>, number: u64) -> bool {
        sight.sees_job(number)
    }

    fn all(roster: &Roster, filter: &Filter<JobTest>) -> Vec<u64> {
        let belongs = |job: u64, project: i64| {
            let known = roster.project_of_job(job);
            known.is_some_and(|known| i64::try_from(known) == Ok(project))
        };
        let all = roster.jobs_by_title();
        all.filter(|job| {
            filter
                .tests
                .iter()
                .all(|test| test.admits(roster, Some(job)))
        })
        .map(|job| job.number)
        .filter(|job| filter.project.is_none_or(|project| belongs(*job, project)))
        .collect()
    }

    async fn objects(visit: &Visit<'_>, numbers: Vec<u64>) -> Reply<Vec<wire::Job>> {
        let read = visit
            .app
            .views
            .ask(move |views| Rows::read(views, &numbers));
        let Rows { jobs, templates } = read.await?;
        let mut bodies = BTreeMap::new();
        for (number, row) in &templates {
            bodies.insert(*number, visit.app.read_text(&row.facts.body).await?);
        }
        let mut shown = Vec::with_capacity(jobs.len());
        for (entry, row) in jobs {
            let partial = visit.app.read_text(&row.facts.script).await?;
            let body = bodies.get(&row.facts.job_template);
            let content = script_of(body.map_or("", String::as_str), &partial);
            shown.push(wire::Job::of(row.facts, &entry, partial, content));
        }
        Ok(shown)
    }
}

/// The rows that a job is shown from.
#[derive(Default)]
struct Rows {
    jobs: Vec<(JobEntry, JobRow)>,
    templates: BTreeMap<u64, JobTemplateRow>,
}

impl Rows {
    fn read(views: &Views, numbers: &[u64]) -> Answer<Self> {
        let roster = views.of::<RosterView>()?;
        let mut rows = Self::default();
        for number in numbers {
            let entry = roster.read(|roster| roster.job(*number).cloned());
            let (Some(entry), Some(row)) = (entry, roster.job(*number)?) else {
                continue;
            };
            let template = row.facts.job_template;
            if !rows.templates.contains_key(&template)
                && let Some(row) = roster.job_template(template)?
            {
                rows.templates.insert(template, row);
            }
            rows.jobs.push((entry, row));
        }
        Ok(rows)
    }
}
