//! Lists in the order in which people and old clients get them: by titles, those of what they belong to first.

use std::sync::OnceLock;

use super::{
    GroupEntry, JobEntry, JobTemplateEntry, ProjectEntry, Roster, UserEntry, WorkerEntry,
    WorkerPoolEntry,
};

/// Orders that are computed at their first use, and again after a title has changed.
#[derive(Debug, Default)]
pub(super) struct Order {
    job_templates: OnceLock<Vec<u64>>,
    jobs: OnceLock<Vec<u64>>,
}

impl Order {
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Roster {
    /// All groups by name.
    pub fn groups_by_name(&self) -> impl Iterator<Item = &GroupEntry> {
        self.groups.in_order_of_names()
    }

    /// All users by name.
    pub fn users_by_name(&self) -> impl Iterator<Item = &UserEntry> {
        self.users.in_order_of_names()
    }

    /// All projects by title.
    pub fn projects_by_title(&self) -> impl Iterator<Item = &ProjectEntry> {
        self.projects.in_order_of_names()
    }

    /// All pools by title.
    pub fn worker_pools_by_title(&self) -> impl Iterator<Item = &WorkerPoolEntry> {
        self.worker_pools.in_order_of_names()
    }

    /// All workers by title.
    pub fn workers_by_title(&self) -> impl Iterator<Item = &WorkerEntry> {
        self.workers.in_order_of_names()
    }

    /// All templates by the title of their project, then by their own.
    pub fn job_templates_by_title(&self) -> impl Iterator<Item = &JobTemplateEntry> {
        let order = self.order.job_templates.get_or_init(|| {
            let mut all: Vec<&JobTemplateEntry> = self.job_templates().values().collect();
            all.sort_by_key(|template| self.titles_of_template(template));
            all.iter().map(|template| template.number).collect()
        });
        order.iter().filter_map(|number| self.job_template(*number))
    }

    /// All jobs by the title of their project, then by that of their template, then by their own.
    pub fn jobs_by_title(&self) -> impl Iterator<Item = &JobEntry> {
        let order = self.order.jobs.get_or_init(|| {
            let mut all: Vec<&JobEntry> = self.jobs().values().collect();
            all.sort_by_key(|job| self.titles_of_job(job));
            all.iter().map(|job| job.number).collect()
        });
        order.iter().filter_map(|number| self.job(*number))
    }

    fn titles_of_template<'r>(&'r self, template: &'r JobTemplateEntry) -> (&'r str, &'r str, u64) {
        let project = self.project(template.project);
        let project = project.map_or("", |project| project.title.as_str());
        (project, template.title.as_str(), template.number)
    }

    fn titles_of_job<'r>(&'r self, job: &'r JobEntry) -> (&'r str, &'r str, &'r str, u64) {
        let template = self.job_template(job.job_template);
        let (project, template) = template.map_or(("", ""), |template| {
            let (project, title, _) = self.titles_of_template(template);
            (project, title)
        });
        (project, template, job.title.as_str(), job.number)
    }
}
