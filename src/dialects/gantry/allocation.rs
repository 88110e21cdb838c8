//! `GET /v1/allocation`: how much CPU and memory does this build need?
//!
//! The answer comes from memory, so nothing here waits.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Uri};
use web::{House, POSITION, Problem, quoted};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) fn allocation(house: &House, uri: &Uri) -> Response {
    match answer(house, uri) {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

fn answer(house: &House, uri: &Uri) -> Result<Response, Problem> {
    let spec = quoted::spec(uri.query().unwrap_or_default())?;
    let view = house.views.allocation()?;
    let answered = view.answer(&spec, None, None);
    house
        .recorder
        .keep(&spec, &answered, || house.commands.clock().now());
    let mut response = house
        .settings
        .variables
        .to_json(&answered.answer)
        .into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(POSITION, house.views.position().0.into());
    Ok(response)
}
