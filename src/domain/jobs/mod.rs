//! Scheduled jobs, their runs, and the workers that execute them.
//!
//! | aggregate | its streams | what it decides |
//! |---|---|---|
//! | [`run::Run`], [`run::Occasion`] | `run-<number>`, `run-occasion:<schedule id>` | whose run it is, and that it is over once |
//! | [`job::Job`], [`job::Tally`] | `job-<number>`, `job-tally:<number>` | what a job is, and how often it failed in a row |
//! | [`kill_request::KillRequest`], [`run_log::RunLog`] | `kill_request-<number>`, `run_log-<run>` | what workers report of them |
//! | [`worker::Worker`], [`worker::Reports`] | `worker-<number>`, `worker-reports:<number>` | what a worker is, and how it is |
//! | [`worker_pool::Silence`] | `worker_pool-silence:<number>` | when mail is sent because no worker of a pool answers |
//! | [`mail::Mailing`] | `mail-<whose>` | that a mail is sent or abandoned once |
//! | [`worker_pool::WorkerPool`], [`project::Project`], [`job_template::JobTemplate`] | `<category>-<number>` | what they are; records |
//!
//! [`schedule`] is no aggregate: it has plain functions that compute when runs are due.

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
        Job(job::JobEvent) = "job",
        JobTemplate(job_template::JobTemplateEvent) = "job_template",
        KillRequest(kill_request::KillRequestEvent) = "kill_request",
        /// … to a mail about a failure.
        Mail(mail::MailEvent) = "mail",
        Project(project::ProjectEvent) = "project",
        /// … to one execution of a job.
        Run(run::RunEvent) = "run",
        RunLog(run_log::RunLogEvent) = "run_log",
        Worker(worker::WorkerEvent) = "worker",
        WorkerPool(worker_pool::WorkerPoolEvent) = "worker_pool",
    }
}
