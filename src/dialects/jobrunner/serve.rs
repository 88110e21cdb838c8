//! One request, in the order of the old server: where to, which method, who, what.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;
use web::{App, POSITION, RequestContext};

use crate::place::{Found, Place};
use crate::raw_request::{self, RawRequest};
use crate::read::{
    self, Groups, JobTemplates, Jobs, KillRequests, Projects, RunLogs, Runs, WorkerPools, Workers,
};
use crate::refusal::{Refusal, Reply};
use crate::resource::Resource;
use crate::visit::Visit;
use crate::write::{change, post};
use crate::{JobRunner, answer, credentials, schema};

pub(crate) async fn serve(dialect: &JobRunner, app: &App, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let context = parts.extensions.remove::<RequestContext>();
    let context =
        context.unwrap_or_else(|| RequestContext::of(&parts.headers, &parts.extensions, &[]));
    let request = RawRequest {
        method: raw_request::method(&parts.method, &parts.headers),
        uri: parts.uri,
        headers: parts.headers,
        body: Bytes::new(),
        budget: None,
    };
    match answer(dialect, app, &context, request, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(
    dialect: &JobRunner,
    app: &App,
    context: &RequestContext,
    mut request: RawRequest,
    body: Body,
) -> Reply<Response> {
    // Where to.
    let Some(Found { place, slashless }) = Place::of(request.uri.path()) else {
        return Err(Refusal::NotFound);
    };
    if slashless {
        return Ok(moved(&request));
    }
    // Which method. 405 needs no credential.
    let methods = place.methods();
    if request.method == Method::OPTIONS {
        return Ok(answer::methods(methods));
    }
    if !methods.contains(&request.method) {
        return Err(Refusal::Method(methods));
    }
    if place == Place::Index {
        return index();
    }
    // Who. Right after a start the views may know neither the key nor the object.
    app.wait_for_opening().await?;
    let caller =
        credentials::identify(dialect, app, &mut request, body, context.source_ip()).await?;
    context.authenticate(caller.actor());
    // What, and the answer.
    let visit = Visit::of(dialect, app, caller, &request, context)?;
    let before = app.views.position();
    let mut response = speak(&visit, place).await?;
    // An answer knows at least what was known before the request, and a change has been waited for.
    let known = match request.method {
        Method::GET => before,
        _ => app.views.position(),
    };
    response.headers_mut().insert(POSITION, known.0.into());
    Ok(response)
}

async fn speak(visit: &Visit<'_>, place: Place) -> Reply<Response> {
    match (place, visit.request.method.as_str()) {
        (Place::Index, _) => index(),
        (Place::Schema(resource), _) => {
            visit.check_format()?;
            answer::json(&schema::schema(resource))
        }
        (Place::List(resource), "POST") => post(visit, resource).await,
        (Place::List(resource), _) => list(visit, resource).await,
        (Place::Set(resource, numbers), _) => some(visit, resource, &numbers).await,
        (Place::Detail(resource, number), "GET") => detail(visit, resource, number).await,
        (Place::Detail(resource, number), _) => change(visit, resource, number).await,
    }
}

/// Does the same with whatever shows a resource.
macro_rules! shown {
    ($resource:expr, $ask:ident($($argument:expr),+)) => {
        match $resource {
            Resource::Group => read::$ask::<Groups>($($argument),+).await,
            Resource::Project => read::$ask::<Projects>($($argument),+).await,
            Resource::WorkerPool => read::$ask::<WorkerPools>($($argument),+).await,
            Resource::Worker => read::$ask::<Workers>($($argument),+).await,
            Resource::JobTemplate => read::$ask::<JobTemplates>($($argument),+).await,
            Resource::Job => read::$ask::<Jobs>($($argument),+).await,
            Resource::Run => read::$ask::<Runs>($($argument),+).await,
            Resource::KillRequest => read::$ask::<KillRequests>($($argument),+).await,
            Resource::RunLog => read::$ask::<RunLogs>($($argument),+).await,
        }
    };
}

async fn list(visit: &Visit<'_>, resource: Resource) -> Reply<Response> {
    shown!(resource, list(visit))
}

async fn detail(visit: &Visit<'_>, resource: Resource, number: Option<u64>) -> Reply<Response> {
    shown!(resource, detail(visit, number))
}

async fn some(
    visit: &Visit<'_>,
    resource: Resource,
    numbers: &[Result<u64, String>],
) -> Reply<Response> {
    shown!(resource, some(visit, numbers))
}

/// The names of all resources, without a credential.
fn index() -> Reply<Response> {
    #[derive(Serialize)]
    struct Entry {
        list_endpoint: String,
        schema: String,
    }

    let entries = Resource::ALL.map(|resource| {
        let list_endpoint = format!("/api/v1/{}/", resource.name());
        let schema = format!("{list_endpoint}schema/");
        let entry = Entry {
            list_endpoint,
            schema,
        };
        (resource.name(), entry)
    });
    answer::json(&BTreeMap::from(entries))
}

/// A path without its last slash leads to the one with it.
fn moved(request: &RawRequest) -> Response {
    let query = request.uri.query().map(|query| format!("?{query}"));
    let path = format!("{}/{}", request.uri.path(), query.unwrap_or_default());
    let mut response = StatusCode::MOVED_PERMANENTLY.into_response();
    let place = HeaderValue::from_str(&raw_request::absolute(&request.headers, &path));
    if let Ok(place) = place {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}
