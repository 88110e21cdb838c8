//! Searches the logs of runs, newest first, until a page is full or a limit is reached.

use domain::JobsEvent;
use std::collections::BTreeSet;

use ::projections::engine::history::{self, EventQuery};
use ::projections::jobs::runs::RunLogRow;
use ::projections::{RosterView, Runs};
use axum::extract::State;
use domain::core::token::Role;
use domain::jobs::run_log::RunLogEvent;
use domain::{Event, LongText};
use eventlog::{Filter, Position, Recorded};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{App, Caller, Problem, Query, View, paging};

use super::READ;
use crate::core::events::{place_of, position_of};
use crate::parameters;

mod lines;

use lines::{Line, Needle};

/// The longest text that is searched for, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 500;

/// How many logs a page shows, by default and at most.
pub(crate) const PAGE_DEFAULT: usize = 20;
pub(crate) const PAGE_MAX: usize = 100;

/// The most that one request reads: logs, bytes of logs, and events between them.
const LOGS_MAX: usize = 2000;
const BYTES_MAX: usize = 32 * 1024 * 1024;
const EVENTS_MAX: usize = 400_000;

/// How many events are read at once.
const CHUNK: usize = 128;

/// The text to search for, and where.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// The text, within one line.
    #[param(required = true)]
    text: String,
    /// Whether case is ignored.
    ignore_case: bool,
    /// Only runs of this job.
    job: Option<u64>,
    /// Only runs of this project.
    project: Option<u64>,
    /// Only logs written at or after this (RFC 3339).
    since: Option<String>,
    /// Only logs written before this (RFC 3339).
    until: Option<String>,
    /// Page size, 1 to 100.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

/// A page of logs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LogPage {
    /// The logs that contain the text, last written first.
    items: Vec<FoundLog>,
    /// Cursor to continue the search; none when it is complete. An empty page may have a next one.
    next: Option<String>,
    /// Number of logs that were searched.
    examined: usize,
}

/// A log that contains the text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FoundLog {
    /// The log's number.
    run_log: u64,
    /// The run that printed it.
    run: u64,
    /// The job of the run.
    job: Option<u64>,
    /// The title of the job.
    job_title: Option<String>,
    /// When it was last written.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Position of the event that wrote it.
    position: u64,
    /// Number of lines that contain the text.
    lines_total: usize,
    /// The first of those lines.
    lines: Vec<Line>,
}

/// Search the logs of runs.
///
/// Only the current content of a log is searched. A request reads a limited number of logs:
/// continue with `next`.
#[utoipa::path(get, path = "/v1/run-logs", tag = "runs", params(SearchParams),
    responses((status = 200, body = LogPage)))]
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<SearchParams>,
) -> Result<View<LogPage>, Problem> {
    caller.may(Role::Reader, READ)?;
    let needle = needle(&params)?;
    let limit = limit(params.limit)?;
    let mut query = EventQuery {
        filter: Filter {
            categories: vec![],
            event_types: vec!["run_log.*".to_owned()],
        },
        since: parameters::time("since", params.since.as_deref())?,
        until: parameters::time("until", params.until.as_deref())?,
        limit: CHUNK,
        descending: true,
        ..EventQuery::default()
    };
    query.before = position_of(params.cursor.as_deref())?;
    let position = app.views.position();
    let jobs = jobs(&app, &params)?;
    let (mut body, mut bytes, mut events) = (LogPage::empty(), 0, 0);
    loop {
        let page = app.views.history().page(&query).await?;
        events += page.examined;
        let rows = rows(&app, &page.events).await?;
        for (recorded, row) in page.events.iter().zip(rows) {
            body.next = Some(paging::seal(&place_of(recorded.position)));
            let Some(row) = row.filter(|row| is_meant(row, recorded, jobs.as_ref())) else {
                continue;
            };
            body.examined += 1;
            if let Some(content) = content(recorded) {
                let text = app.read_text(&content).await?;
                bytes += text.len();
                let (lines_total, lines) = needle.find(&text);
                if lines_total > 0 {
                    body.items.push(found(&app, &row, lines_total, lines)?);
                }
            }
            if body.items.len() == limit || body.examined >= LOGS_MAX || bytes >= BYTES_MAX {
                return Ok(View { position, body });
            }
        }
        body.next = page.next.map(|next| paging::seal(&place_of(next)));
        if page.next.is_none() || events >= EVENTS_MAX {
            return Ok(View { position, body });
        }
        query.before = page.next;
    }
}

impl LogPage {
    fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
            examined: 0,
        }
    }
}

fn needle(params: &SearchParams) -> Result<Needle, Problem> {
    let refused = |detail: String| Err(Problem::bad_request("invalid `text`").at("text", detail));
    let text = &params.text;
    match text.len() {
        0 => refused("is empty".to_owned()),
        TEXT_BYTES_MAX.. => refused(format!(
            "has {} bytes; expected less than {TEXT_BYTES_MAX}",
            text.len()
        )),
        _ if text.contains(['\n', '\r']) => refused("contains a line break".to_owned()),
        _ => Ok(Needle::new(text, params.ignore_case)),
    }
}

fn limit(requested: Option<usize>) -> Result<usize, Problem> {
    match requested {
        None => Ok(PAGE_DEFAULT),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::bad_request("page size out of range")
            .at("limit", format!("{limit} is not between 1 and {PAGE_MAX}"))),
    }
}

/// The jobs that match; none when every job does.
fn jobs(app: &App, params: &SearchParams) -> Result<Option<BTreeSet<u64>>, Problem> {
    let mut jobs = match (params.job, params.project) {
        (None, None) => return Ok(None),
        (Some(job), None) => BTreeSet::from([job]),
        (_, Some(project)) => app
            .views
            .of::<RosterView>()?
            .read(|roster| roster.jobs_of_project(project)),
    };
    jobs.retain(|job| params.job.is_none_or(|wanted| wanted == *job));
    Ok(Some(jobs))
}

/// The rows of the logs that these events wrote.
async fn rows(app: &App, events: &[Recorded]) -> Result<Vec<Option<RunLogRow>>, Problem> {
    let runs: Vec<Option<u64>> = events
        .iter()
        .map(|event| event.stream.key().parse().ok())
        .collect();
    let rows = app.views.ask(move |views| {
        let of = |run: &Option<u64>| match run {
            Some(run) => views.of::<Runs>()?.log_of_run(*run),
            None => Ok(None),
        };
        runs.iter().map(of).collect::<Result<Vec<_>, _>>()
    });
    Ok(rows.await?)
}

/// Whether an event wrote a log's current content, and the log is to be searched.
fn is_meant(row: &RunLogRow, recorded: &Recorded, jobs: Option<&BTreeSet<u64>>) -> bool {
    row.content_position == recorded.position
        && jobs.is_none_or(|jobs| row.job.is_some_and(|job| jobs.contains(&job)))
}

fn content(recorded: &Recorded) -> Option<LongText> {
    match history::decode(recorded).ok()?.0 {
        Event::Jobs(JobsEvent::RunLog(RunLogEvent::Written(log))) => log.content,
        Event::Jobs(JobsEvent::RunLog(RunLogEvent::Replaced(log))) => log.content,
        _ => None,
    }
}

fn found(
    app: &App,
    row: &RunLogRow,
    lines_total: usize,
    lines: Vec<Line>,
) -> Result<FoundLog, Problem> {
    let job_title = app.views.of::<RosterView>()?.read(|roster| {
        let job = row.job.and_then(|job| roster.job(job));
        job.map(|job| job.title.clone())
    });
    let Position(position) = row.content_position;
    Ok(FoundLog {
        run_log: row.number,
        run: row.run,
        job: row.job,
        job_title,
        updated_at: row.updated_at,
        position,
        lines_total,
        lines,
    })
}
