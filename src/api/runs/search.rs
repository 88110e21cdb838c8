//! Which runs printed this? Reads logs, the newest first, until a page is full or enough was read.

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
use crate::events::{place_of, position_of};
use crate::parameters;

mod lines;

use lines::{Line, Needle};

/// The longest text that is searched for, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 500;

/// How many logs a page shows when nobody says, and at most.
pub(crate) const PAGE_DEFAULT: usize = 20;
pub(crate) const PAGE_MAX: usize = 100;

/// What one request reads at most: so many logs, bytes of them, and events between them.
const LOGS_MAX: usize = 2000;
const BYTES_MAX: usize = 32 * 1024 * 1024;
const EVENTS_MAX: usize = 400_000;

/// How many events are read at once.
const CHUNK: usize = 128;

/// What is searched for, and where.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// What a line of the log contains.
    #[param(required = true)]
    text: String,
    /// In letters of either case.
    ignore_case: bool,
    /// Runs of this job alone.
    job: Option<u64>,
    /// Runs of this project alone.
    project: Option<u64>,
    /// Logs that were written at or after this (RFC 3339).
    since: Option<String>,
    /// Logs that were written before this (RFC 3339).
    until: Option<String>,
    /// How many logs a page has, 1 to 100.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A page of logs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LogPage {
    /// The logs that say it, the last written first.
    items: Vec<FoundLog>,
    /// Where to search on; none when everything was searched. A page may be empty and yet have a next one.
    next: Option<String>,
    /// How many logs were read.
    examined: usize,
}

/// A log that says it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FoundLog {
    /// The log's number.
    run_log: u64,
    /// The run that printed it.
    run: u64,
    /// The job of the run.
    job: Option<u64>,
    /// What that is called.
    job_title: Option<String>,
    /// When it was last written.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Where that stands.
    position: u64,
    /// How many lines say it.
    lines_total: usize,
    /// The first of them.
    lines: Vec<Line>,
}

/// Which runs printed this?
///
/// Only what a log says now is searched, not what it said before it was replaced. A request reads so many
/// logs and no more: go on with `next`.
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
    let refused = |detail: String| {
        Err(Problem::bad_request("this text cannot be searched for").at("text", detail))
    };
    let text = &params.text;
    match text.len() {
        0 => refused("say what is to be found".to_owned()),
        TEXT_BYTES_MAX.. => refused(format!("has less than {TEXT_BYTES_MAX} bytes")),
        _ if text.contains(['\n', '\r']) => refused("is within one line".to_owned()),
        _ => Ok(Needle::new(text, params.ignore_case)),
    }
}

fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(PAGE_DEFAULT),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::bad_request("the page size is out of range")
            .at("limit", format!("{limit} is not between 1 and {PAGE_MAX}"))),
    }
}

/// The jobs that are meant; none when any is.
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

/// What is known of the logs that these events wrote.
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

/// Whether an event says what a log says now, and the log is one of those that are searched.
fn is_meant(row: &RunLogRow, recorded: &Recorded, jobs: Option<&BTreeSet<u64>>) -> bool {
    row.content_position == recorded.position
        && jobs.is_none_or(|jobs| row.job.is_some_and(|job| jobs.contains(&job)))
}

fn content(recorded: &Recorded) -> Option<LongText> {
    match history::decode(recorded).ok()?.0 {
        Event::Jobs(JobsEvent::RunLog(RunLogEvent::Written(reply))) => reply.content,
        Event::Jobs(JobsEvent::RunLog(RunLogEvent::Replaced(reply))) => reply.content,
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
