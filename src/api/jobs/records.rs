//! Workers, pools, projects, templates and jobs.

use ::provisioning::{ShownWorker, WorkerReports};
use domain::jobs::job::Job;
use domain::jobs::job_template::JobTemplate;
use domain::jobs::project::Project;
use domain::jobs::worker::Worker;
use domain::jobs::worker_pool::WorkerPool;
use projections::RosterView;
use web::Problem;

use crate::Api;
use crate::records::record_routes;

record_routes! {
    workers, Worker, WorkerFields, ShownWorker, "/v1/workers", "/v1/workers/{id}", "/v1/workers/{id}/history" {
        fn add_present(app: &Api, shown: &mut ShownWorker) -> Result<(), Problem> {
            add_reports(app, shown)
        }
    };
    worker_pools, WorkerPool, WorkerPoolFields, ShownWorkerPool, "/v1/worker-pools", "/v1/worker-pools/{id}", "/v1/worker-pools/{id}/history";
    projects, Project, ProjectFields, ShownProject, "/v1/projects", "/v1/projects/{id}", "/v1/projects/{id}/history";
    job_templates, JobTemplate, JobTemplateFields, ShownJobTemplate, "/v1/job-templates", "/v1/job-templates/{id}", "/v1/job-templates/{id}/history";
    jobs, Job, JobFields, ShownJob, "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/history";
}

fn add_reports(app: &Api, shown: &mut ShownWorker) -> Result<(), Problem> {
    let (patience, now) = (app.settings.worker_patience, app.commands.clock().now());
    shown.reports = app.views.of::<RosterView>()?.read(|roster| {
        let worker = roster.worker(shown.id)?;
        let answers = app
            .settings
            .worker_answers
            .as_ref()
            .map(|read| read(shown.id));
        let created = shown.created_at;
        Some(WorkerReports::of(worker, created, patience, answers, now))
    });
    Ok(())
}
