//! What is written: whom it concerns, whether they may, what it means to the domain.
//!
//! Old clients repeat themselves whenever an answer is lost, so every change here adds nothing when it is
//! told again.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use web::Problem;

use crate::caller::Caller;
use crate::fields::Fields;
use crate::read::InRoster;
use crate::read::{HIDDEN, Standing, standing};
use crate::refusal::{Refusal, Told};
use crate::resource::Resource;
use crate::visit::Visit;

mod jobs;
mod workers;

/// `POST /api/v1/run/`
pub(crate) async fn post(visit: &Visit<'_>, resource: Resource) -> Told<Response> {
    match resource {
        Resource::Job => jobs::create(visit).await,
        _ => Err(Refusal::Method(resource.list_methods())),
    }
}

/// `PATCH /api/v1/run/7/`, and `PUT` of a job.
pub(crate) async fn change(
    visit: &Visit<'_>,
    resource: Resource,
    number: Option<u64>,
) -> Told<Response> {
    match resource {
        Resource::Worker => workers::change(visit, number).await?,
        Resource::Job => jobs::change(visit, number).await?,
        _ => return Err(Refusal::Method(resource.detail_methods())),
    }
    Ok(if visit.asked.method == Method::PUT {
        StatusCode::NO_CONTENT.into_response()
    } else {
        StatusCode::ACCEPTED.into_response()
    })
}

/// Reads what is written.
///
/// # Errors
/// 415 for another form than JSON, 400 for what is none.
fn fields(visit: &Visit<'_>) -> Told<Fields> {
    let asked = visit.asked;
    crate::credentials::check_encoding(&asked.headers)?;
    let media_type = asked.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !asked.body.is_empty() && !media_type.is_some_and(is_json) {
        let problem = Problem::unsupported_media_type("the body must be application/json");
        return Err(Refusal::House(problem));
    }
    Fields::read(&asked.body)
}

fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|&b| b == b';').next().unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}

/// Checks that what a relation leads to exists and is seen.
///
/// # Errors
/// 400 and 401.
fn related<K: InRoster>(visit: &Visit<'_>, name: &str, number: u64) -> Told<()> {
    reached(name, standing::<K>(visit, number))
}

fn reached(name: &str, standing: Standing) -> Told<()> {
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
fn check_project_of(visit: &Visit<'_>, job: u64) -> Told<()> {
    let Caller::User { number, .. } = visit.caller else {
        return Ok(());
    };
    let may = visit.house.views.roster().read(|roster| {
        let project = roster.project_of_job(job);
        project.is_some_and(|project| roster.may_write_project(number, project))
    });
    if may { Ok(()) } else { Err(NO_ADMIN) }
}

/// How somebody is told that seeing is not changing.
const NO_ADMIN: Refusal = Refusal::Unauthorized("the caller does not administer the project");
