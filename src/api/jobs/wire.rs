//! A run, as the API shows it.

use ::projections::jobs::roster::Roster;
use ::projections::jobs::runs::{KillRequestRow, RunLogRow, RunRow};
use domain::jobs::kill_request::KillReason;
use domain::{Actor, Metadata, jobs::run};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A run of a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Run {
    /// Its number.
    pub run: u64,
    /// The job it executes.
    pub job: u64,
    /// The title of the job.
    pub job_title: Option<String>,
    /// The project that the job belongs to.
    pub project: Option<u64>,
    /// The title of the project.
    pub project_title: Option<String>,
    /// The worker that it is assigned to.
    pub worker: Option<u64>,
    /// The title of the worker.
    pub worker_title: Option<String>,
    /// `scheduled`, `in_queue`, `started` or `completed`.
    pub state: &'static str,
    /// The occasion: runs of one job at one time, on several workers, share it.
    pub schedule_id: u64,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    pub schedule_at: Timestamp,
    /// When it was claimed, by its worker's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub enqueued_at: Option<Timestamp>,
    /// When it was started, by its worker's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When it ended, by its worker's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub returned_at: Option<Timestamp>,
    /// Seconds from start to end, when both are known.
    pub duration_seconds: Option<f64>,
    /// Whether it succeeded; none if its worker did not report that.
    pub success: Option<bool>,
    /// Why it was given up (the worker is silent, or it was ended by hand); none once its worker
    /// reports the end.
    pub given_up: Option<String>,
    /// Why it had been given up, if its worker later reported the end or continued it.
    pub given_up_earlier: Option<String>,
    /// The job's time limit in seconds, if the run exceeded it.
    pub timed_out_after_seconds: Option<u32>,
    /// The process id on the worker's machine.
    pub pid: Option<i64>,
    /// Whether it was requested by hand.
    pub is_manual: bool,
    /// Whether the job's children run after it.
    pub schedule_children: bool,
    /// Why it was scheduled.
    pub origin: Origin,
    /// The run of the job's next occasion, if one was scheduled after it.
    pub followed_by: Option<u64>,
    /// Attempt number at its occasion, starting at 1.
    pub attempt: u32,
    /// The failed run that it retries.
    pub retry_of: Option<u64>,
    /// The run that retries it, if it failed.
    pub retried_by: Option<u64>,
    /// The number of its log, if there is one.
    pub run_log: Option<u64>,
    /// Number of requests to kill it.
    pub kill_requests: Option<u64>,
    /// When its last event was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Position of its last event.
    pub position: u64,
}

/// Why a run was scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Origin {
    /// `asked`, `follow_up`, `child`, `sibling` or `retry`.
    pub kind: &'static str,
    /// The run that it follows, or that was spread, or that failed; of a child, the parent's run.
    pub run: Option<u64>,
}

/// A request to kill a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KillRequest {
    /// Its number.
    pub kill_request: u64,
    /// The run.
    pub run: u64,
    /// `asked` (requested by hand), or `timed_out` when the run exceeded its job's time limit.
    pub reason: &'static str,
    /// Who requested it.
    #[schema(value_type = Option<Object>)]
    pub requested_by: Option<Actor>,
    /// The reason that was given.
    pub given_reason: Option<String>,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    pub schedule_at: Timestamp,
    /// When the worker acknowledged it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub enqueued_at: Option<Timestamp>,
    /// When the worker killed the run.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub executed_at: Option<Timestamp>,
    /// Position of its last event.
    pub position: u64,
}

/// The log of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunLog {
    /// The log's number.
    pub run_log: u64,
    /// The run that printed it.
    pub run: u64,
    /// Size in bytes; none without content.
    pub size: Option<u64>,
    /// When it was first written.
    #[schema(value_type = String, format = DateTime)]
    pub written_at: Timestamp,
    /// When it was last written.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Position of the event with its current content.
    pub position: u64,
    /// The content.
    pub content: Option<String>,
}

impl Run {
    /// A run with the current titles of its job, project and worker.
    #[must_use]
    pub fn of(row: &RunRow, roster: &Roster) -> Self {
        let job = roster.job(row.job);
        let project = roster.project_of_job(row.job);
        let worker = row.worker.and_then(|worker| roster.worker(worker));
        let duration = row
            .started_at
            .zip(row.returned_at)
            .map(|(from, until)| until.duration_since(from).as_secs_f64());
        Self {
            run: row.number,
            job: row.job,
            job_title: job.map(|job| job.title.clone()),
            project,
            project_title: project
                .and_then(|project| roster.project(project))
                .map(|project| project.title.clone()),
            worker: row.worker,
            worker_title: worker.map(|worker| worker.title.clone()),
            state: row.state().as_str(),
            schedule_id: row.schedule_id,
            schedule_at: row.schedule_at,
            enqueued_at: row.enqueued_at,
            started_at: row.started_at,
            returned_at: row.returned_at,
            // Workers' clocks may go backwards.
            duration_seconds: duration.filter(|seconds| *seconds >= 0.0),
            success: row.success,
            given_up: row.given_up.clone(),
            given_up_earlier: row.given_up_earlier.clone(),
            timed_out_after_seconds: row.timed_out.map(|timeout| timeout.limit_seconds),
            pid: row.pid,
            is_manual: row.is_manual,
            schedule_children: row.schedule_children,
            origin: Origin::of(row.origin),
            followed_by: row.followed_by,
            attempt: row.origin.attempt(),
            retry_of: row.origin.retry_of(),
            retried_by: row.retried_by,
            run_log: row.run_log,
            kill_requests: Some(row.kill_requests),
            updated_at: row.updated_at,
            position: row.position.0,
        }
    }
}

impl Origin {
    fn of(origin: run::Origin) -> Self {
        let (kind, run) = match origin {
            run::Origin::Asked => ("asked", None),
            run::Origin::FollowUp { run } => ("follow_up", Some(run)),
            run::Origin::Child { run } => ("child", Some(run)),
            run::Origin::Sibling { run } => ("sibling", Some(run)),
            run::Origin::Retry { run, .. } => ("retry", Some(run)),
        };
        Self { kind, run }
    }
}

impl KillRequest {
    /// A kill request with the metadata of its first event.
    #[must_use]
    pub fn of(row: &KillRequestRow, metadata: Metadata) -> Self {
        Self {
            kill_request: row.number,
            run: row.run,
            reason: match row.reason {
                None => "asked",
                Some(KillReason::TimedOut { .. }) => "timed_out",
            },
            requested_by: metadata.actor,
            given_reason: metadata.reason,
            schedule_at: row.schedule_at,
            enqueued_at: row.enqueued_at,
            executed_at: row.executed_at,
            position: row.position.0,
        }
    }
}

impl RunLog {
    /// A log with its content.
    #[must_use]
    pub fn of(row: &RunLogRow, content: Option<String>) -> Self {
        Self {
            run_log: row.number,
            run: row.run,
            size: row.size,
            written_at: row.written_at,
            updated_at: row.updated_at,
            position: row.content_position.0,
            content,
        }
    }
}
