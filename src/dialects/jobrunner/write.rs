//! What is written: whom it concerns, whether they may, what it means to the domain.
//!
//! Old clients repeat a request whenever an answer is lost, so a repeated change adds nothing.

use axum::response::{IntoResponse, Response};
use commands::CommandError;
use commands::runs::RunsRejection;
use domain::jobs::run::RunRejection;
use domain::jobs::run_log::RunLogRejection;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use projections::RosterView;
use web::Problem;

use crate::caller::Caller;
use crate::fields::Fields;
use crate::read::InRoster;
use crate::read::{HIDDEN, Standing, standing};
use crate::refusal::{Refusal, Reply};
use crate::resource::Resource;
use crate::visit::Visit;

mod jobs;
mod kill_requests;
mod run_logs;
mod runs;
mod workers;

/// `POST /api/v1/run/`
pub(crate) async fn post(visit: &Visit<'_>, resource: Resource) -> Reply<Response> {
    match resource {
        Resource::Job => jobs::create(visit).await,
        Resource::Run => runs::create(visit).await,
        Resource::KillRequest => kill_requests::create(visit).await,
        Resource::RunLog => run_logs::create(visit).await,
        _ => Err(Refusal::Method(resource.list_methods())),
    }
}

/// `PATCH /api/v1/run/7/`, and `PUT` of a job.
pub(crate) async fn change(
    visit: &Visit<'_>,
    resource: Resource,
    number: Option<u64>,
) -> Reply<Response> {
    match resource {
        Resource::Worker => workers::change(visit, number).await?,
        Resource::Job => jobs::change(visit, number).await?,
        Resource::Run => runs::change(visit, number).await?,
        Resource::KillRequest => kill_requests::change(visit, number).await?,
        Resource::RunLog => run_logs::change(visit, number).await?,
        _ => return Err(Refusal::Method(resource.detail_methods())),
    }
    Ok(if visit.request.method == Method::PUT {
        StatusCode::NO_CONTENT.into_response()
    } else {
        StatusCode::ACCEPTED.into_response()
    })
}

/// Reads what is written.
///
/// # Errors
/// 415 for another form than JSON, 400 for what is none.
fn fields(visit: &Visit<'_>) -> Reply<Fields> {
    let asked = visit.request;
    crate::credentials::check_encoding(&asked.headers)?;
    let media_type = asked.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !asked.body.is_empty() && !media_type.is_some_and(is_json) {
        let problem = Problem::unsupported_media_type("the body must be application/json");
        return Err(Refusal::App(problem));
    }
    Fields::read(&asked.body)
}

fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|&b| b == b';').next().unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}

/// Checks that the target of a relation exists and the caller sees it.
///
/// # Errors
/// 400 and 401.
fn related<K: InRoster>(visit: &Visit<'_>, name: &str, number: u64) -> Reply<()> {
    reached(name, standing::<K>(visit, number)?)
}

fn reached(name: &str, standing: Standing) -> Reply<()> {
    match standing {
        Standing::Seen => Ok(()),
        Standing::Hidden => Err(HIDDEN),
        Standing::Unknown => Err(Refusal::about(name, "leads to nothing")),
    }
}

/// Checks that the caller may change the runs of a job, which they see. A worker's key is enough.
///
/// # Errors
/// 401.
fn check_project_of(visit: &Visit<'_>, job: u64) -> Reply<()> {
    let Caller::User { number, .. } = visit.caller else {
        return Ok(());
    };
    let may = visit.app.views.of::<RosterView>()?.read(|roster| {
        let project = roster.project_of_job(job);
        project.is_some_and(|project| roster.may_write_project(number, project))
    });
    if may { Ok(()) } else { Err(NO_ADMIN) }
}

/// The answer for a caller that may see and not change.
const NO_ADMIN: Refusal = Refusal::Unauthorized("the caller does not administer the project");

/// Which jobs come after a job.
fn children_of(visit: &Visit<'_>) -> Reply<impl Fn(u64) -> Vec<u64> + Send + Sync + use<>> {
    let roster = visit.app.views.of::<RosterView>()?;
    Ok(move |job| {
        roster.read(|roster| {
            let children = roster.job(job).map(|job| job.children.iter().copied());
            children.into_iter().flatten().collect()
        })
    })
}

/// The domain's rejection as the old server's answer.
fn refuse(error: CommandError<RunsRejection>) -> Refusal {
    use RunsRejection as R;

    match error {
        CommandError::Rejected(R::Run(RunRejection::OtherWorker { .. })) => {
            Refusal::Unauthorized("the run belongs to another worker")
        }
        CommandError::Rejected(
            R::Run(RunRejection::Unknown | RunRejection::Gone) | R::Log(RunLogRejection::Unknown),
        ) => Refusal::NotFound,
        error => error.into(),
    }
}
