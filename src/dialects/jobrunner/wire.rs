//! Objects as the old server shows them. The names of each are in alphabetical order.

use domain::jobs::job::Created as JobFacts;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use projections::jobs::roster::{
    GroupEntry, JobEntry, JobTemplateRow, ProjectRow, WorkerEntry, WorkerPoolRow, WorkerRow,
};
use projections::jobs::runs::{KillRequestRow, RunLogRow, RunRow};
use serde::Serialize;

use crate::resource::Resource;
use crate::time;

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Group {
    name: String,
    resource_uri: String,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Project {
    auth_groups: Vec<String>,
    description: String,
    enqueue_is_enabled: bool,
    id: u64,
    resource_uri: String,
    title: String,
    worker_pools: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct WorkerPool {
    description: String,
    enqueue_is_enabled: bool,
    id: u64,
    resource_uri: String,
    title: String,
    workers: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Worker {
    api_key: String,
    concurrent_jobs: Option<u32>,
    description: String,
    enqueue_is_enabled: bool,
    id: u64,
    ping_response_dts: Option<String>,
    resource_uri: String,
    title: String,
    worker_version: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct JobTemplate {
    description: String,
    enqueue_is_enabled: bool,
    id: u64,
    project: String,
    resource_uri: String,
    title: String,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Job {
    children: Vec<String>,
    description: String,
    disable_enqueue_after_fails: Option<u32>,
    enqueue_is_enabled: bool,
    id: u64,
    job_template: String,
    notification_addresses: String,
    parent: Option<String>,
    reschedule_interval: Option<u32>,
    reschedule_interval_type: &'static str,
    resource_uri: String,
    run_on_all_workers: bool,
    schedule_children_on_error: bool,
    script_content: String,
    script_content_partial: String,
    title: String,
    worker_pool: String,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Run {
    enqueue_dts: Option<String>,
    id: u64,
    is_manual: bool,
    job: String,
    pid: Option<i64>,
    resource_uri: String,
    return_dts: Option<String>,
    return_success: Option<bool>,
    run_log: Option<String>,
    schedule_children: bool,
    schedule_dts: String,
    schedule_id: u64,
    start_dts: Option<String>,
    worker: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct KillRequest {
    enqueue_dts: Option<String>,
    execute_dts: Option<String>,
    id: u64,
    resource_uri: String,
    run: String,
    schedule_dts: String,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct RunLog {
    content: Option<String>,
    id: u64,
    resource_uri: String,
    run: String,
}

impl Group {
    pub(crate) fn of(group: &GroupEntry) -> Self {
        Self {
            name: group.name.clone(),
            resource_uri: Resource::Group.uri(group.number),
        }
    }
}

impl Project {
    pub(crate) fn of(row: ProjectRow) -> Self {
        let facts = row.facts;
        Self {
            auth_groups: uris(Resource::Group, facts.admins),
            description: facts.description,
            enqueue_is_enabled: facts.enqueue_is_enabled,
            id: facts.number,
            resource_uri: Resource::Project.uri(facts.number),
            title: facts.title,
            worker_pools: uris(Resource::WorkerPool, facts.worker_pools),
        }
    }
}

impl WorkerPool {
    pub(crate) fn of(row: WorkerPoolRow) -> Self {
        let facts = row.facts;
        Self {
            description: facts.description,
            enqueue_is_enabled: facts.enqueue_is_enabled,
            id: facts.number,
            resource_uri: Resource::WorkerPool.uri(facts.number),
            title: facts.title,
            workers: uris(Resource::Worker, facts.workers),
        }
    }
}

impl Worker {
    /// The sealed secret stays where it is.
    pub(crate) fn of(row: WorkerRow, entry: WorkerEntry, zone: &TimeZone) -> Self {
        Self {
            api_key: entry.api_key,
            concurrent_jobs: entry.concurrent_jobs,
            description: row.facts.description,
            enqueue_is_enabled: entry.enqueue_is_enabled,
            id: entry.number,
            ping_response_dts: date(entry.ping_response_at, zone),
            resource_uri: Resource::Worker.uri(entry.number),
            title: entry.title,
            worker_version: entry.worker_version,
        }
    }
}

impl JobTemplate {
    pub(crate) fn of(row: JobTemplateRow) -> Self {
        let facts = row.facts;
        Self {
            description: facts.description,
            enqueue_is_enabled: facts.enqueue_is_enabled,
            id: facts.number,
            project: Resource::Project.uri(facts.project),
            resource_uri: Resource::JobTemplate.uri(facts.number),
            title: facts.title,
        }
    }
}

impl Job {
    /// `partial` is the script as it was typed, `content` with its template around it.
    pub(crate) fn of(job: JobFacts, entry: &JobEntry, partial: String, content: String) -> Self {
        Self {
            children: uris(Resource::Job, entry.children.iter().copied()),
            description: job.description,
            disable_enqueue_after_fails: job.fails_max,
            enqueue_is_enabled: job.enqueue_is_enabled,
            id: job.number,
            job_template: Resource::JobTemplate.uri(job.job_template),
            notification_addresses: job.notification_addresses,
            parent: job.parent.map(|parent| Resource::Job.uri(parent)),
            reschedule_interval: job.interval_count,
            reschedule_interval_type: job.interval_unit.map_or("", |unit| unit.wire()),
            resource_uri: Resource::Job.uri(job.number),
            run_on_all_workers: job.run_on_all_workers,
            schedule_children_on_error: job.schedule_children_on_error,
            script_content: content,
            script_content_partial: partial,
            title: job.title,
            worker_pool: Resource::WorkerPool.uri(job.worker_pool),
        }
    }
}

impl Run {
    pub(crate) fn of(row: &RunRow, zone: &TimeZone) -> Self {
        Self {
            enqueue_dts: date(row.enqueued_at, zone),
            id: row.number,
            is_manual: row.is_manual,
            job: Resource::Job.uri(row.job),
            pid: row.pid,
            resource_uri: Resource::Run.uri(row.number),
            return_dts: date(row.returned_at, zone),
            return_success: row.success,
            run_log: row.run_log.map(|log| Resource::RunLog.uri(log)),
            schedule_children: row.schedule_children,
            schedule_dts: time::write(row.schedule_at, zone),
            schedule_id: row.schedule_id,
            start_dts: date(row.started_at, zone),
            worker: row.worker.map(|worker| Resource::Worker.uri(worker)),
        }
    }
}

impl KillRequest {
    pub(crate) fn of(row: &KillRequestRow, zone: &TimeZone) -> Self {
        Self {
            enqueue_dts: date(row.enqueued_at, zone),
            execute_dts: date(row.executed_at, zone),
            id: row.number,
            resource_uri: Resource::KillRequest.uri(row.number),
            run: Resource::Run.uri(row.run),
            schedule_dts: time::write(row.schedule_at, zone),
        }
    }
}

impl RunLog {
    pub(crate) fn of(row: &RunLogRow, content: Option<String>) -> Self {
        Self {
            content,
            id: row.number,
            resource_uri: Resource::RunLog.uri(row.number),
            run: Resource::Run.uri(row.run),
        }
    }
}

fn date(at: Option<Timestamp>, zone: &TimeZone) -> Option<String> {
    at.map(|at| time::write(at, zone))
}

fn uris(of: Resource, numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|number| of.uri(number)).collect()
}
