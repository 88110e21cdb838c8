//! Who passes a condition. What a relation leads to may be missing; it passes what missing values
//! pass.

use projections::jobs::roster::{
    JobEntry, JobTemplateEntry, ProjectEntry, Roster, WorkerEntry, WorkerPoolEntry,
};

use super::{JobTemplateTest, JobTest, ProjectTest, Test, WorkerPoolTest, WorkerTest};

impl ProjectTest {
    pub(crate) fn admits(&self, project: Option<&ProjectEntry>) -> bool {
        match self {
            Self::Number(test) => number(test, project.map(|project| project.number)),
            Self::Title(test) => test.admits(project.map(|project| &project.title)),
        }
    }
}

impl WorkerPoolTest {
    pub(crate) fn admits(&self, pool: &WorkerPoolEntry) -> bool {
        match self {
            Self::Title(test) => test.admits(Some(&pool.title)),
        }
    }
}

impl WorkerTest {
    pub(crate) fn admits(&self, worker: Option<&WorkerEntry>) -> bool {
        match self {
            Self::Number(test) => number(test, worker.map(|worker| worker.number)),
            Self::ApiKey(test) => test.admits(worker.map(|worker| &worker.api_key)),
        }
    }
}

impl JobTemplateTest {
    pub(crate) fn admits(&self, roster: &Roster, template: Option<&JobTemplateEntry>) -> bool {
        match self {
            Self::Number(test) => number(test, template.map(|template| template.number)),
            Self::Title(test) => test.admits(template.map(|template| &template.title)),
            Self::Project(test) => {
                test.admits(template.and_then(|template| roster.project(template.project)))
            }
        }
    }
}

impl JobTest {
    pub(crate) fn admits(&self, roster: &Roster, job: Option<&JobEntry>) -> bool {
        match self {
            Self::Number(test) => number(test, job.map(|job| job.number)),
            Self::Title(test) => test.admits(job.map(|job| &job.title)),
            Self::JobTemplate(test) => {
                let template = job.and_then(|job| roster.job_template(job.job_template));
                test.admits(roster, template)
            }
        }
    }
}

fn number(test: &Test<i64>, number: Option<u64>) -> bool {
    let number = number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    test.admits(number.as_ref())
}
