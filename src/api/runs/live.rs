//! What happens to runs, as it happens: for dashboards that show where runs stand now.

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
use crate::events::resume_after;
use crate::sse::live;
use crate::wire::Run;

/// What is followed.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveParams {
    /// Runs of this job alone.
    job: Option<u64>,
    /// Runs of this project alone.
    project: Option<u64>,
    /// What stands after this position; from now on when nothing is said.
    after: Option<u64>,
}

/// Something that happened to a run or to a wish that it be killed, in the words of the job runner's workers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Happened {
    /// `run` or `kill_request`.
    kind: &'static str,
    /// `scheduled`, `enqueued`, `started`, `returned`, `reset`, `reopened`, `spread` or `patched`; of a kill request
    /// `requested`, `enqueued`, `executed` or `patched`.
    event: &'static str,
    /// The run.
    run_id: Option<u64>,
    /// The kill request.
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_request_id: Option<u64>,
    /// How the run stands by now; none when it was spread.
    run: Option<Run>,
}

/// What happens to runs?
///
/// Each event has its position as id, so that `Last-Event-ID` resumes; when it comes, every view knows it.
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
                // The reader comes back by itself, and goes on where it was.
                tracing::warn!(%error, "a stream of runs ends: {error}");
                None
            }
        }
    });
    let asked = (app.clone(), params);
    let events = Box::pin(pages.flatten());
    let events = stream::unfold((events, asked), |(mut events, asked)| async {
        loop {
            let meaning = events.next().await?;
            match reply(&asked.0, &asked.1, &meaning).await {
                Ok(Some(event)) => return Some((event, (events, asked))),
                Ok(None) => {}
                Err(problem) => {
                    let detail = problem.detail.as_deref().unwrap_or_default();
                    tracing::debug!("a stream of runs ends: {detail}");
                    return None;
                }
            }
        }
    });
    live(&app, &caller, lapse, events)
}

/// What an event says of a run or a kill request.
struct Meaning {
    kind: &'static str,
    event: &'static str,
    number: u64,
    position: Position,
}

impl Meaning {
    /// None where readers are told nothing of it.
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

/// What a reader is told of an event, if anything.
///
/// # Errors
/// When the views do not know it in time. The reader comes back and goes on where it was, rather than miss
/// an event or be shown a run as it was before.
async fn reply(
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
        tracing::error!(%error, "what happened to a run cannot be written as JSON: {error}");
        Problem::internal("the event cannot be written")
    })?;
    let id = position.to_string();
    Ok(Some(Event::default().id(id).event(kind).data(data)))
}

/// The words of the job runner for an event, where it has some; what it has none for is told in ours.
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
