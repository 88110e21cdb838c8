//! What happens to runs, as it happens: for dashboards that show where runs stand now.

use std::convert::Infallible;

use ::projections::history;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use domain::kill_request::KillRequestEvent;
use domain::run::RunEvent;
use domain::token::Role;
use eventlog::{Filter, Position, Recorded};
use futures::{Stream, StreamExt, stream};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Caller, House, Problem, Query};

use super::{READ, shown};
use crate::events::resume_after;
use crate::sse::keep_alive;
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
    State(house): State<House>,
    caller: Caller,
    headers: HeaderMap,
    Query(params): Query<LiveParams>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    caller.may(Role::Reader, READ)?;
    let after = resume_after(&house, &headers, params.after.map(Position))?;
    let permit = house.stream_permit()?;
    let filter = Filter {
        categories: vec!["run".to_owned(), "kill_request".to_owned()],
        event_types: vec![],
    };
    let subscription = house.views.history().subscribe(after, filter);
    let closed = house.closed();
    let events = stream::unfold(
        (subscription, house, params, permit),
        |(mut subscription, house, params, permit)| async {
            loop {
                match subscription.next().await {
                    Ok(Some(recorded)) => {
                        if let Some(event) = told(&house, &params, &recorded).await {
                            return Some((Ok(event), (subscription, house, params, permit)));
                        }
                    }
                    Ok(None) => return None,
                    Err(error) => {
                        // The reader comes back by itself, and goes on where it was.
                        tracing::warn!(%error, "a stream of runs ends: {error}");
                        return None;
                    }
                }
            }
        },
    );
    Ok(Sse::new(events.take_until(closed)).keep_alive(keep_alive()))
}

/// What a reader is told of an event, if anything.
async fn told(house: &House, params: &LiveParams, recorded: &Recorded) -> Option<Event> {
    let (event, _) = history::decode(recorded).ok()?;
    let (kind, event) = words(&event)?;
    let number: u64 = recorded.stream.key().parse().ok()?;
    // Views that are too far behind are no reason to be silent: the reader asks again at the next event.
    let _ = house.wait_for(recorded.position).await;
    let is_kill = kind == "kill_request";
    let found = house
        .views
        .ask(move |views| {
            let runs = views.runs();
            let run = match is_kill {
                true => runs.kill_request(number)?.map(|kill| kill.run),
                false => Some(number),
            };
            let row = run.map(|run| runs.get(run)).transpose()?.flatten();
            Ok::<_, ::projections::TableError>((run, row))
        })
        .await;
    let (run_id, row) = found.ok()?;
    let run = row.map(|row| shown(house, &row));
    let is_meant = |wanted: Option<u64>, found: Option<u64>| wanted.is_none() || wanted == found;
    let job = run.as_ref().map(|run| run.job);
    let project = run.as_ref().and_then(|run| run.project);
    if !is_meant(params.job, job) || !is_meant(params.project, project) {
        return None;
    }
    let happened = Happened {
        kind,
        event,
        run_id,
        kill_request_id: is_kill.then_some(number),
        run,
    };
    let data = serde_json::to_string(&happened).ok()?;
    let id = recorded.position.to_string();
    Some(Event::default().id(id).event(kind).data(data))
}

/// The words of the job runner for an event, where it has some; what it has none for is told in ours.
fn words(event: &domain::Event) -> Option<(&'static str, &'static str)> {
    match event {
        domain::Event::Run(event) => Some(("run", of_run(event)?)),
        domain::Event::KillRequest(event) => Some(("kill_request", of_kill(event))),
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
