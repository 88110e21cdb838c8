//! `GET /v1/allocation`: how much CPU and memory does this build need?
//!
//! The answer comes from memory, so nothing here waits.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Uri};
use projections::Allocation;
use web::{POSITION, Problem, quoted};

use crate::Gantry;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) fn allocation(gantry: &Gantry, uri: &Uri) -> Response {
    match answer(gantry, uri) {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

fn answer(gantry: &Gantry, uri: &Uri) -> Result<Response, Problem> {
    let app = &gantry.0.app;
    let spec = quoted::required(uri.query().unwrap_or_default(), "spec")?;
    let view = app.views.of::<Allocation>()?;
    let answered = view.answer(&spec, None, None);
    gantry
        .recorder()
        .keep(&spec, &answered, || app.commands.clock().now());
    let mut response = gantry.0.variables.to_json(&answered.answer).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(POSITION, app.views.position().0.into());
    Ok(response)
}
