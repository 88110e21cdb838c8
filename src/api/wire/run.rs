//! A run as it is shown.

use ::projections::jobs::roster::Roster;
use ::projections::jobs::runs::{KillRequestRow, RunLogRow, RunRow};
use domain::jobs::kill_request::KillReason;
use domain::{Actor, Metadata, jobs::run};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How one run stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Run {
    /// Its number.
    pub run: u64,
    /// The job it executes.
    pub job: u64,
    /// What that is called.
    pub job_title: Option<String>,
    /// The project that the job belongs to.
    pub project: Option<u64>,
    /// What that is called.
    pub project_title: Option<String>,
    /// Who executes it, or is to.
    pub worker: Option<u64>,
    /// What that is called.
    pub worker_title: Option<String>,
    /// `scheduled`, `in_queue`, `started` or `completed`.
    pub state: &'static str,
    /// The occasion it belongs to: runs on several workers share one.
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
    /// When it was over, by its worker's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub returned_at: Option<Timestamp>,
    /// Seconds from start to end, when both are known.
    pub duration_seconds: Option<f64>,
    /// Whether it went well; none when its worker did not say.
    pub success: Option<bool>,
    /// Why it was given up, if its worker fell silent or somebody ended it; none once its worker says how it ended.
    pub given_up: Option<String>,
    /// Why it was given up before its worker said how it ended after all, or that it goes on.
    pub given_up_earlier: Option<String>,
    /// How long its job allowed, in seconds, if it took longer and was to be killed for that.
    pub timed_out_after_seconds: Option<u32>,
    /// The process id on its worker's machine.
    pub pid: Option<i64>,
    /// Whether a person asked for it.
    pub is_manual: bool,
    /// Whether the job's children run after it.
    pub schedule_children: bool,
    /// Why it was scheduled.
    pub origin: Origin,
    /// The run of the job's next occasion, if one was scheduled after it.
    pub followed_by: Option<u64>,
    /// The how manieth attempt at its occasion it is.
    pub attempt: u32,
    /// The run that failed and of which it is another attempt.
    pub retry_of: Option<u64>,
    /// The run that took its place, if it failed and was tried again.
    pub retried_by: Option<u64>,
    /// The number of its log, if there is one.
    pub run_log: Option<u64>,
    /// How often somebody asked to kill it.
    pub kill_requests: Option<u64>,
    /// When the log last told of it.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Where that stands.
    pub position: u64,
}

/// Why a run was scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Origin {
    /// `asked`, `follow_up`, `child`, `sibling` or `retry`.
    pub kind: &'static str,
    /// The run before, of the parent, that was spread, or that failed.
    pub run: Option<u64>,
}

/// A wish that a run be killed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KillRequest {
    /// Its number.
    pub kill_request: u64,
    /// The run.
    pub run: u64,
    /// `asked`, or `timed_out` when the run took longer than its job allows.
    pub reason: &'static str,
    /// Who asked for it.
    #[schema(value_type = Option<Object>)]
    pub requested_by: Option<Actor>,
    /// Why they did, in their own words.
    pub given_reason: Option<String>,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    pub schedule_at: Timestamp,
    /// When the worker took note of it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub enqueued_at: Option<Timestamp>,
    /// When the worker killed the run.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub executed_at: Option<Timestamp>,
    /// Where the last event about it stands.
    pub position: u64,
}

/// What a run printed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunLog {
    /// The log's number.
    pub run_log: u64,
    /// The run that printed it.
    pub run: u64,
    /// How many bytes it has; none when it has no content.
    pub size: Option<u64>,
    /// When it was first written.
    #[schema(value_type = String, format = DateTime)]
    pub written_at: Timestamp,
    /// When it was last written.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The event that says what it says now.
    pub position: u64,
    /// What it says.
    pub content: Option<String>,
}

impl Run {
    /// A run of now, with the names that its numbers have now.
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
            // Clocks of workers contradict themselves.
            duration_seconds: duration.filter(|seconds| *seconds >= 0.0),
            success: row.success,
            given_up: row.given_up.clone(),
            given_up_earlier: row.given_up_earlier.clone(),
            timed_out_after_seconds: row.timed_out.map(|reply| reply.limit_seconds),
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
    /// One as it stands, with the metadata of the event that made it.
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
    /// One with what it says.
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
