//! Runs of jobs: their state, history and logs.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use ::projections::jobs::roster::Roster;
use ::projections::jobs::runs::{RunQuery, RunRow, RunState, WorkerIs};
use ::projections::{RosterView, Runs};
use axum::extract::State;
use domain::core::token::Role;
use eventlog::StreamName;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{App, Caller, Path, Problem, Query, View, paging};

use crate::core::events::{StreamParams, stream_page};
use crate::core::wire::EventPage;
use crate::jobs::wire::{Run, RunLog};
use crate::parameters;
use crate::parameters::AsOfParams;
use crate::reads::{self, Page};

pub mod ending;
pub mod kills;
pub mod live;
pub mod search;

/// The scope of reading runs.
pub(crate) const READ: &str = "runs:read";

/// The values of the filter `state`.
pub(crate) const STATES: [&str; 6] = [
    "scheduled",
    "suspended",
    "in_queue",
    "started",
    "completed",
    "last_completed",
];

/// Filters of the list of runs; all of them must match.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunParams {
    /// The job.
    job: Option<u64>,
    /// The project of the job.
    project: Option<u64>,
    /// A part of the job's title; case is ignored.
    title: Option<String>,
    /// The worker that the run is assigned to.
    worker: Option<u64>,
    /// The state: `scheduled`, `suspended` (scheduled, but the job, project or pool is switched
    /// off), `in_queue`, `started`, `completed` or `last_completed` (completed, of the job's last
    /// occasion).
    state: Option<String>,
    /// Whether the run succeeded.
    success: Option<bool>,
    /// Whether the run was requested by hand.
    is_manual: Option<bool>,
    /// The occasion: runs of one job at one time share it.
    schedule_id: Option<u64>,
    /// Only runs due at or after this (RFC 3339).
    due_since: Option<String>,
    /// Only runs due before this (RFC 3339).
    due_until: Option<String>,
    /// Also return the number of matching runs on all pages.
    total: bool,
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

impl RunParams {
    fn query(&self) -> Result<RunQuery, Problem> {
        let state = parameters::word("state", self.state.clone(), &STATES)?;
        let since = parameters::time("due_since", self.due_since.as_deref())?;
        let until = parameters::time("due_until", self.due_until.as_deref())?;
        let state = state.as_deref();
        Ok(RunQuery {
            state: match state {
                Some("scheduled" | "suspended") => Some(RunState::Scheduled),
                Some("in_queue") => Some(RunState::InQueue),
                Some("started") => Some(RunState::Started),
                Some("completed" | "last_completed") => Some(RunState::Completed),
                _ => None,
            },
            last_completed: state == Some("last_completed"),
            success: self.success,
            is_manual: match state {
                // The switches do not hold back runs that were requested by hand.
                Some("suspended") => Some(false),
                _ => self.is_manual,
            },
            worker: self.worker.map(|worker| WorkerIs::OneOf([worker].into())),
            schedule_ids: self.schedule_id.map(|id| [id].into()),
            due_from: since.map_or(Bound::Unbounded, Bound::Included),
            due_until: until.map_or(Bound::Unbounded, Bound::Excluded),
            ..RunQuery::default()
        })
    }

    /// The jobs that match; none when every job does.
    fn jobs(&self, roster: &Roster) -> Option<BTreeSet<u64>> {
        let is_suspended = self.state.as_deref() == Some("suspended");
        if self.job.is_none() && self.project.is_none() && self.title.is_none() && !is_suspended {
            return None;
        }
        let mut jobs = match (self.job, self.project) {
            // Also an unknown job: its runs exist nevertheless.
            (Some(job), None) => BTreeSet::from([job]),
            (_, Some(project)) => roster.jobs_of_project(project),
            (None, None) => roster.jobs().keys().copied().collect(),
        };
        jobs.retain(|job| self.job.is_none_or(|wanted| wanted == *job));
        if let Some(title) = self.title.as_ref().map(|title| title.to_lowercase()) {
            jobs.retain(|job| {
                let job = roster.job(*job);
                job.is_some_and(|job| job.title.to_lowercase().contains(&title))
            });
        }
        if is_suspended {
            jobs.retain(|job| !roster.is_enqueue_enabled(*job));
        }
        Some(jobs)
    }
}

/// A page of runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RunPage {
    /// The runs: last returned first, then last started, then last claimed, then first due.
    items: Vec<Run>,
    /// Cursor of the next page; none on the last page.
    next: Option<String>,
    /// Number of runs on all pages, if `total` was requested.
    total: Option<u64>,
}

/// List runs.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", params(RunParams),
    responses((status = 200, body = RunPage)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<RunParams>,
) -> Result<View<RunPage>, Problem> {
    caller.may(Role::Reader, READ)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    let _reserved = reads::reserve(&app, page.limit)?;
    let mut query = params.query()?;
    reads::view(&app, move |views| {
        query.jobs = views.of::<RosterView>()?.read(|roster| params.jobs(roster));
        let runs = views.of::<Runs>()?;
        let page = runs.list_from(&query, &page.cursor, page.limit)?;
        let total = params.total.then(|| runs.count(&query)).transpose()?;
        let items = views.of::<RosterView>()?.read(|roster| {
            let shown = |row: &Arc<RunRow>| Run::of(row, roster);
            page.rows.iter().map(shown).collect()
        });
        let next = page.next.as_ref().map(paging::seal);
        Ok::<_, ::projections::TableError>(RunPage { items, next, total })
    })
    .await
}

/// Filters of the counts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountParams {
    /// The job.
    job: Option<u64>,
    /// The project.
    project: Option<u64>,
}

/// Number of runs by state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RunCounts {
    /// Not claimed by a worker yet, suspended ones included.
    scheduled: u64,
    /// Scheduled, but the job, project or pool is switched off.
    suspended: u64,
    /// Claimed by a worker.
    in_queue: u64,
    /// Executed by a worker.
    started: u64,
    /// Ended.
    completed: u64,
    /// Ended without success.
    completed_with_error: u64,
    /// Ended, and of the last occasion of their job.
    last_completed: u64,
    /// Ended without success, and of the last occasion of their job.
    last_completed_with_error: u64,
}

/// Count runs by state.
#[utoipa::path(get, path = "/v1/runs/counts", tag = "runs", params(CountParams),
    responses((status = 200, body = RunCounts)))]
pub(crate) async fn counts(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<CountParams>,
) -> Result<View<RunCounts>, Problem> {
    caller.may(Role::Reader, READ)?;
    reads::view(&app, move |views| {
        let runs = views.of::<Runs>()?;
        let count = |state: &str, success: Option<bool>| {
            let params = RunParams {
                job: params.job,
                project: params.project,
                state: Some(state.to_owned()),
                success,
                ..RunParams::default()
            };
            let query = RunQuery {
                jobs: views.of::<RosterView>()?.read(|roster| params.jobs(roster)),
                ..params.query()?
            };
            Ok::<_, Problem>(runs.count(&query)?)
        };
        Ok::<_, Problem>(RunCounts {
            scheduled: count("scheduled", None)?,
            suspended: count("suspended", None)?,
            in_queue: count("in_queue", None)?,
            started: count("started", None)?,
            completed: count("completed", None)?,
            completed_with_error: count("completed", Some(false))?,
            last_completed: count("last_completed", None)?,
            last_completed_with_error: count("last_completed", Some(false))?,
        })
    })
    .await
}

/// Get a run, now or as of a moment.
#[utoipa::path(get, path = "/v1/runs/{run}", tag = "runs",
    params(("run" = u64, Path, description = "The run's number"), AsOfParams),
    responses((status = 200, body = Run)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(run): Path<u64>,
    Query(params): Query<AsOfParams>,
) -> Result<View<Run>, Problem> {
    caller.may(Role::Reader, READ)?;
    let position = app.views.position();
    let row = match params.moment(&app)? {
        None => {
            app.views
                .ask(move |views| views.of::<Runs>()?.get(run))
                .await?
        }
        Some(moment) => {
            let past = app.views.history().row_as_of::<Runs>(&run, moment).await;
            let past = past
                .map_err(parameters::past)?
                .ok_or_else(|| unknown(run))?;
            let mut body = shown(&app, &past)?;
            let kills = kills::rows(&app, run, Some(moment)).await?;
            body.kill_requests = Some(kills.len() as u64);
            return Ok(View { position, body });
        }
    };
    let row = row.ok_or_else(|| unknown(run))?;
    Ok(View {
        position,
        body: shown(&app, &row)?,
    })
}

/// List the events of a run.
#[utoipa::path(get, path = "/v1/runs/{run}/history", tag = "runs",
    params(("run" = u64, Path, description = "The run's number"), StreamParams),
    responses((status = 200, body = EventPage)))]
pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    Path(run): Path<u64>,
    Query(params): Query<StreamParams>,
) -> Result<View<EventPage>, Problem> {
    caller.may(Role::Reader, READ)?;
    let limit = paging::limit(params.limit)?;
    let stream = StreamName::new("run", &run.to_string()).map_err(|_| unknown(run))?;
    let page = stream_page(&app, &stream, params.from, limit).await;
    page.map_err(|problem| match problem.status() {
        StatusCode::NOT_FOUND => unknown(run),
        _ => problem,
    })
}

/// Get the log of a run.
#[utoipa::path(get, path = "/v1/runs/{run}/log", tag = "runs",
    params(("run" = u64, Path, description = "The run's number")),
    responses((status = 200, body = RunLog)))]
pub(crate) async fn log(
    State(app): State<App>,
    caller: Caller,
    Path(run): Path<u64>,
) -> Result<View<RunLog>, Problem> {
    caller.may(Role::Reader, READ)?;
    let position = app.views.position();
    let row = app
        .views
        .ask(move |views| views.of::<Runs>()?.log_of_run(run));
    let row = row
        .await?
        .ok_or_else(|| Problem::not_found(format!("run {run} has no log")))?;
    let content = match app.views.history().content_of(&row).await? {
        Some(content) => Some(app.read_text(&content).await?),
        None if row.size.is_some() => {
            let position = row.content_position;
            tracing::error!(run, %position, "the log of run {run} is not in the event at position {position}");
            return Err(Problem::internal("the content of the log is missing"));
        }
        None => None,
    };
    Ok(View {
        position,
        body: RunLog::of(&row, content),
    })
}

pub(crate) fn shown(app: &App, row: &RunRow) -> Result<Run, Problem> {
    let roster = app.views.of::<RosterView>()?;
    Ok(roster.read(|roster| Run::of(row, roster)))
}

fn unknown(run: u64) -> Problem {
    Problem::not_found(format!("run {run} not found"))
}
