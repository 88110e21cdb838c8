//! Scheduled jobs, their runs, and the workers that execute them.

pub mod job;
pub mod job_template;
pub mod kill_request;
pub mod mail;
pub mod project;
pub mod run;
pub mod run_log;
pub mod schedule;
pub mod worker;
pub mod worker_pool;

use crate::kernel::event::context;

context! {
    /// What may have happened in the context `jobs`.
    JobsEvent {
        /// … to a job.
        Job(job::JobEvent) = "job",
        /// … to a template of jobs.
        JobTemplate(job_template::JobTemplateEvent) = "job_template",
        /// … to a request that a run be killed.
        KillRequest(kill_request::KillRequestEvent) = "kill_request",
        /// … to a mail about a failure.
        Mail(mail::MailEvent) = "mail",
        /// … to a project.
        Project(project::ProjectEvent) = "project",
        /// … to one execution of a job.
        Run(run::RunEvent) = "run",
        /// … to the output of a run.
        RunLog(run_log::RunLogEvent) = "run_log",
        /// … to a worker.
        Worker(worker::WorkerEvent) = "worker",
        /// … to a pool of workers.
        WorkerPool(worker_pool::WorkerPoolEvent) = "worker_pool",
    }
}
