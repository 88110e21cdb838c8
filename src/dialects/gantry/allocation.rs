//! `GET /v1/allocation`: how much CPU and memory does this build need?
//!
//! The answer comes from memory, so nothing here waits.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Uri};
use web::{App, POSITION, Problem, quoted};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) fn allocation(app: &App, uri: &Uri) -> Response {
    match answer(app, uri) {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

fn answer(app: &App, uri: &Uri) -> Result<Response, Problem> {
    let spec = quoted::spec(uri.query().unwrap_or_default())?;
    let view = app.views.allocation()?;
    let answered = view.answer(&spec, None, None);
    app.recorder
        .keep(&spec, &answered, || app.commands.clock().now());
    let mut response = app
        .settings
        .variables
        .to_json(&answered.answer)
        .into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(POSITION, app.views.position().0.into());
    Ok(response)
}
