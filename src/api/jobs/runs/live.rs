//! A live stream of changes of runs, for dashboards.

use ::projections::{Runs, history};
use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use domain::core::token::Role;
use domain::jobs::kill_request::KillRequestEvent;
use domain::jobs::run::RunEvent;
use eventlog::{Filter, Position, Recorded};
use futures::{StreamExt, stream};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{App, Caller, Problem, Query};

use super::{READ, shown};
use crate::core::events::resume_after;
use crate::jobs::wire::Run;
use crate::sse::live;

/// Filters of the live stream.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveParams {
    /// Only runs of this job.
    job: Option<u64>,
    /// Only runs of this project.
    project: Option<u64>,
    /// Only changes after this position; by default from now on.
    after: Option<u64>,
}

/// A change of a run or of a kill request, by the job runner's name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Happened {
    /// `run` or `kill_request`.
    kind: &'static str,
    /// `scheduled`, `enqueued`, `started`, `returned`, `reset`, `reopened`, `spread` or `patched`;
    /// of a kill request `requested`, `enqueued`, `executed` or `patched`.
    event: &'static str,
    /// The run.
    run_id: Option<u64>,
    /// The kill request.
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_request_id: Option<u64>,
    /// The run as it is now; none when it was spread over several workers.
    run: Option<Run>,
}

/// Follow changes of runs and kill requests as a live stream.
///
/// The id of each event is its position, so that `Last-Event-ID` resumes; all views already include
/// it.
#[utoipa::path(get, path = "/v1/runs/events", tag = "runs", params(LiveParams),
    responses((status = 200, body = Happened, content_type = "text/event-stream")))]
pub(crate) async fn follow(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(params): Query<LiveParams>,
) -> Result<Response, Problem> {
    caller.may(Role::Reader, READ)?;
    let after = resume_after(&app, &headers, params.after.map(Position))?;
    let filter = Filter {
        categories: vec!["run".to_owned(), "kill_request".to_owned()],
        event_types: vec![],
    };
    let lapse = caller.lapse(&app, Role::Reader, READ);
    let subscription = app.views.history().follow(after, filter);
    let pages = stream::unfold(subscription, |mut subscription| async {
        match subscription.next_page().await {
            Ok(page) => {
                let meant: Vec<_> = page?.iter().filter_map(Meaning::of).collect();
                Some((stream::iter(meant), subscription))
            }
            Err(error) => {
                // The client reconnects by itself and resumes.
                tracing::warn!(%error, "live run stream aborted: {error}");
                None
            }
        }
    });
    let context = (app.clone(), params);
    let events = Box::pin(pages.flatten());
    let events = stream::unfold((events, context), |(mut events, context)| async {
        loop {
            let meaning = events.next().await?;
            match message(&context.0, &context.1, &meaning).await {
                Ok(Some(event)) => return Some((event, (events, context))),
                Ok(None) => {}
                Err(problem) => {
                    let detail = problem.detail.as_deref().unwrap_or_default();
                    tracing::debug!("live run stream aborted: {detail}");
                    return None;
                }
            }
        }
    });
    live(&app, &caller, lapse, events)
}

/// An event about a run or a kill request, by the job runner's name.
struct Meaning {
    kind: &'static str,
    event: &'static str,
    number: u64,
    position: Position,
}

impl Meaning {
    /// None for events that the stream does not show.
    fn of(recorded: &Recorded) -> Option<Self> {
        let (event, _) = history::decode(recorded).ok()?;
        let (kind, event) = words(&event)?;
        Some(Self {
            kind,
            event,
            number: recorded.stream.key().parse().ok()?,
            position: recorded.position,
        })
    }
}

/// The message for an event, if it matches the filters.
///
/// # Errors
/// When the views do not include the event in time. The client reconnects and resumes, rather than
/// miss an event or see a run as it was before.
async fn message(
    app: &App,
    params: &LiveParams,
    meaning: &Meaning,
) -> Result<Option<Event>, Problem> {
    let &Meaning {
        kind,
        event,
        number,
        position,
    } = meaning;
    app.wait_for(position).await?;
    let is_kill = kind == "kill_request";
    let found = app
        .views
        .ask(move |views| {
            let runs = views.of::<Runs>()?;
            let run = match is_kill {
                true => runs.kill_request(number)?.map(|kill| kill.run),
                false => Some(number),
            };
            let row = run.map(|run| runs.get(run)).transpose()?.flatten();
            Ok::<_, ::projections::TableError>((run, row))
        })
        .await;
    let (run_id, row) = found?;
    let run = row.map(|row| shown(app, &row)).transpose()?;
    let is_meant = |wanted: Option<u64>, found: Option<u64>| wanted.is_none() || wanted == found;
    let job = run.as_ref().map(|run| run.job);
    let project = run.as_ref().and_then(|run| run.project);
    if !is_meant(params.job, job) || !is_meant(params.project, project) {
        return Ok(None);
    }
    let happened = Happened {
        kind,
        event,
        run_id,
        kill_request_id: is_kill.then_some(number),
        run,
    };
    let data = serde_json::to_string(&happened).map_err(|error| {
        tracing::error!(%error, "an event of the live run stream cannot be encoded as JSON: {error}");
        Problem::internal("the event cannot be encoded as JSON")
    })?;
    let id = position.to_string();
    Ok(Some(Event::default().id(id).event(kind).data(data)))
}

/// The job runner's name of an event; our own where it has none.
fn words(event: &domain::Event) -> Option<(&'static str, &'static str)> {
    match event {
        domain::Event::Jobs(domain::JobsEvent::Run(event)) => Some(("run", of_run(event)?)),
        domain::Event::Jobs(domain::JobsEvent::KillRequest(event)) => {
            Some(("kill_request", of_kill(event)))
        }
        _ => None,
    }
}

fn of_run(event: &RunEvent) -> Option<&'static str> {
    Some(match event {
        RunEvent::Scheduled(_) => "scheduled",
        RunEvent::Claimed(_) => "enqueued",
        RunEvent::Started(_) => "started",
        RunEvent::TimedOut(_) => "timed_out",
        RunEvent::Retried(_) => "retried",
        RunEvent::Returned(_) | RunEvent::GivenUp(_) => "returned",
        RunEvent::Reset(_) => "reset",
        RunEvent::Reopened(_) => "reopened",
        RunEvent::Spread(_) => "spread",
        RunEvent::Patched(_) | RunEvent::PidReported(_) => "patched",
        RunEvent::Followed(_)
        | RunEvent::NotFollowed(_)
        | RunEvent::SiblingAdded(_)
        | RunEvent::SiblingReturned(_)
        | RunEvent::SiblingReplaced(_)
        | RunEvent::KillRequested(_)
        | RunEvent::SiblingReopened(_) => return None,
    })
}

fn of_kill(event: &KillRequestEvent) -> &'static str {
    match event {
        KillRequestEvent::Requested(_) => "requested",
        KillRequestEvent::Enqueued(_) => "enqueued",
        KillRequestEvent::Executed(_) => "executed",
        KillRequestEvent::Patched(_) => "patched",
    }
}
