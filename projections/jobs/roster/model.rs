//! The roster in memory: ordered by number, found by name.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::{
    GroupEntry, JobEntry, JobTally, JobTemplateEntry, ProjectEntry, UserEntry, WorkerEntry,
    WorkerPoolEntry, WorkerReports,
};
use super::index::{Index, Names};
use super::order::Order;

/// All records, without long texts: no scripts, descriptions and addresses.
#[derive(Debug, Default)]
pub struct Roster {
    pub(super) groups: Index<GroupEntry>,
    pub(super) users: Index<UserEntry>,
    pub(super) projects: Index<ProjectEntry>,
    pub(super) worker_pools: Index<WorkerPoolEntry>,
    pub(super) workers: Index<WorkerEntry>,
    job_templates: BTreeMap<u64, JobTemplateEntry>,
    jobs: BTreeMap<u64, JobEntry>,
    /// Also those of parents that never began.
    children: BTreeMap<u64, BTreeSet<u64>>,
    workers_by_key: Names,
    job_templates_by_title: BTreeSet<(u64, String, u64)>,
    jobs_by_title: BTreeSet<(u64, String, u64)>,
    pub(super) order: Order,
}

impl Roster {
    /// All groups by number.
    #[must_use]
    pub fn groups(&self) -> &BTreeMap<u64, GroupEntry> {
        self.groups.all()
    }

    /// All users by number.
    #[must_use]
    pub fn users(&self) -> &BTreeMap<u64, UserEntry> {
        self.users.all()
    }

    /// All projects by number.
    #[must_use]
    pub fn projects(&self) -> &BTreeMap<u64, ProjectEntry> {
        self.projects.all()
    }

    /// All pools of workers by number.
    #[must_use]
    pub fn worker_pools(&self) -> &BTreeMap<u64, WorkerPoolEntry> {
        self.worker_pools.all()
    }

    /// All workers by number.
    #[must_use]
    pub fn workers(&self) -> &BTreeMap<u64, WorkerEntry> {
        self.workers.all()
    }

    /// All templates of jobs by number.
    #[must_use]
    pub fn job_templates(&self) -> &BTreeMap<u64, JobTemplateEntry> {
        &self.job_templates
    }

    /// All jobs by number.
    #[must_use]
    pub fn jobs(&self) -> &BTreeMap<u64, JobEntry> {
        &self.jobs
    }

    /// One group.
    #[must_use]
    pub fn group(&self, number: u64) -> Option<&GroupEntry> {
        self.groups.all().get(&number)
    }

    /// One user.
    #[must_use]
    pub fn user(&self, number: u64) -> Option<&UserEntry> {
        self.users.all().get(&number)
    }

    /// One project.
    #[must_use]
    pub fn project(&self, number: u64) -> Option<&ProjectEntry> {
        self.projects.all().get(&number)
    }

    /// One pool of workers.
    #[must_use]
    pub fn worker_pool(&self, number: u64) -> Option<&WorkerPoolEntry> {
        self.worker_pools.all().get(&number)
    }

    /// One worker.
    #[must_use]
    pub fn worker(&self, number: u64) -> Option<&WorkerEntry> {
        self.workers.all().get(&number)
    }

    /// One template of jobs.
    #[must_use]
    pub fn job_template(&self, number: u64) -> Option<&JobTemplateEntry> {
        self.job_templates.get(&number)
    }

    /// One job.
    #[must_use]
    pub fn job(&self, number: u64) -> Option<&JobEntry> {
        self.jobs.get(&number)
    }

    /// The group of this name.
    #[must_use]
    pub fn group_by_name(&self, name: &str) -> Option<&GroupEntry> {
        self.groups.by_name(name)
    }

    /// The user of this name.
    #[must_use]
    pub fn user_by_name(&self, name: &str) -> Option<&UserEntry> {
        self.users.by_name(name)
    }

    /// The project with this title.
    #[must_use]
    pub fn project_by_title(&self, title: &str) -> Option<&ProjectEntry> {
        self.projects.by_name(title)
    }

    /// The pool with this title.
    #[must_use]
    pub fn worker_pool_by_title(&self, title: &str) -> Option<&WorkerPoolEntry> {
        self.worker_pools.by_name(title)
    }

    /// The worker with this title.
    #[must_use]
    pub fn worker_by_title(&self, title: &str) -> Option<&WorkerEntry> {
        self.workers.by_name(title)
    }

    /// The worker that is known by this API key.
    #[must_use]
    pub fn worker_by_key(&self, api_key: &str) -> Option<&WorkerEntry> {
        self.worker(self.workers_by_key.number(api_key)?)
    }

    /// The template with this title within a project.
    #[must_use]
    pub fn job_template_by_title(&self, project: u64, title: &str) -> Option<&JobTemplateEntry> {
        self.job_template(called_within(&self.job_templates_by_title, project, title)?)
    }

    /// The job with this title within a template.
    #[must_use]
    pub fn job_by_title(&self, job_template: u64, title: &str) -> Option<&JobEntry> {
        self.job(called_within(&self.jobs_by_title, job_template, title)?)
    }

    /// The project that a job belongs to, through its template; it may not exist.
    #[must_use]
    pub fn project_of_job(&self, job: u64) -> Option<u64> {
        let template = self.job(job)?.job_template;
        Some(self.job_template(template)?.project)
    }

    /// The jobs of a template, by title.
    pub fn jobs_of_template(&self, job_template: u64) -> impl Iterator<Item = &JobEntry> {
        let from = (job_template, String::new(), 0);
        let within = self.jobs_by_title.range(from..);
        within
            .take_while(move |(template, _, _)| *template == job_template)
            .filter_map(|(_, _, job)| self.job(*job))
    }

    /// The templates of a project, by title.
    pub fn templates_of_project(&self, project: u64) -> impl Iterator<Item = &JobTemplateEntry> {
        let from = (project, String::new(), 0);
        let within = self.job_templates_by_title.range(from..);
        within
            .take_while(move |(of, _, _)| *of == project)
            .filter_map(|(_, _, template)| self.job_template(*template))
    }

    /// The jobs of a project.
    #[must_use]
    pub fn jobs_of_project(&self, project: u64) -> BTreeSet<u64> {
        self.templates_of_project(project)
            .flat_map(|template| self.jobs_of_template(template.number))
            .map(|job| job.number)
            .collect()
    }

    /// The workers that a project reaches through its pools.
    #[must_use]
    pub fn workers_of_project(&self, project: u64) -> BTreeSet<u64> {
        let pools = self
            .project(project)
            .map(|project| project.worker_pools.iter());
        pools
            .into_iter()
            .flatten()
            .filter_map(|pool| self.worker_pool(*pool))
            .flat_map(|pool| pool.workers.iter().copied())
            .filter(|worker| self.workers.all().contains_key(worker))
            .collect()
    }

    /// Whether runs of a job that are not manual are sent: its job, template, project and pool are
    /// all enabled.
    #[must_use]
    pub fn is_enqueue_enabled(&self, job: u64) -> bool {
        let Some(job) = self.job(job) else {
            return false;
        };
        let template = self.job_template(job.job_template);
        let project = template.and_then(|template| self.project(template.project));
        let pool = self.worker_pool(job.worker_pool);
        job.enqueue_is_enabled
            && template.is_some_and(|template| template.enqueue_is_enabled)
            && project.is_some_and(|project| project.enqueue_is_enabled)
            && pool.is_some_and(|pool| pool.enqueue_is_enabled)
    }

    pub(super) fn put_project(&mut self, entry: ProjectEntry) {
        if self.projects.put(entry.number, entry) {
            self.order.forget();
        }
    }

    pub(super) fn put_worker(&mut self, entry: WorkerEntry) {
        let number = entry.number;
        let before = self.workers.all().get(&number);
        let before = before.map(|before| before.api_key.clone());
        self.workers_by_key
            .rename(before.as_deref(), &entry.api_key, number);
        self.workers.put(number, entry);
    }

    pub(super) fn note_reports(&mut self, worker: u64, reports: WorkerReports) {
        if let Some(entry) = self.workers.get_mut(worker) {
            entry.ping_response_at = reports.ping_response_at;
            entry.worker_version = reports.worker_version;
            entry.concurrent_jobs = reports.concurrent_jobs;
            entry.reported_at = reports.reported_at;
        }
    }

    pub(super) fn put_job_template(&mut self, entry: JobTemplateEntry) {
        if let Some(before) = self.job_templates.get(&entry.number) {
            let place = (before.project, before.title.clone(), before.number);
            self.job_templates_by_title.remove(&place);
        }
        let place = (entry.project, entry.title.clone(), entry.number);
        self.job_templates_by_title.insert(place);
        self.order.forget();
        self.job_templates.insert(entry.number, entry);
    }

    pub(super) fn put_job(&mut self, mut entry: JobEntry) {
        let number = entry.number;
        let before = self.jobs.remove(&number);
        if let Some(before) = &before {
            let place = (before.job_template, before.title.clone(), number);
            self.jobs_by_title.remove(&place);
        }
        self.jobs_by_title
            .insert((entry.job_template, entry.title.clone(), number));
        let parent_before = before.as_ref().and_then(|before| before.parent);
        if parent_before != entry.parent {
            self.change_children(parent_before, |children| children.remove(&number));
            self.change_children(entry.parent, |children| children.insert(number));
        }
        if let Some(children) = self.children.get(&number) {
            entry.children.clone_from(children);
        }
        self.order.forget();
        self.jobs.insert(number, entry);
    }

    fn change_children(
        &mut self,
        parent: Option<u64>,
        change: impl FnOnce(&mut BTreeSet<u64>) -> bool,
    ) {
        let Some(parent) = parent else {
            return;
        };
        let children = self.children.entry(parent).or_default();
        change(children);
        if let Some(entry) = self.jobs.get_mut(&parent) {
            entry.children.clone_from(children);
        }
        if children.is_empty() {
            self.children.remove(&parent);
        }
    }

    pub(super) fn note_tally(&mut self, job: u64, tally: JobTally) {
        if let Some(entry) = self.jobs.get_mut(&job) {
            entry.fails = tally.fails;
            entry.last_completed_schedule_id = Some(tally.schedule_id);
        }
    }
}

fn called_within(names: &BTreeSet<(u64, String, u64)>, within: u64, name: &str) -> Option<u64> {
    let first = names.range((within, name.to_owned(), 0)..).next();
    first
        .filter(|(place, found, _)| *place == within && found == name)
        .map(|(_, _, number)| *number)
}
