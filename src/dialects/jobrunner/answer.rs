//! Successful responses of the old server.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, VARY};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::refusal::{Refusal, Reply, allow};
use crate::spelling;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) fn json(answer: &impl Serialize) -> Reply<Response> {
    Ok(ok(write(answer)?))
}

/// 200 and an answer whose last part, `"objects"`, is written already.
pub(crate) fn with_objects(head: &impl Serialize, mut objects: Vec<u8>) -> Reply<Response> {
    let mut head = write(head)?;
    head.pop();
    head.extend_from_slice(if head.len() > 1 { b", " } else { b"" });
    head.extend_from_slice(b"\"objects\": ");
    objects.splice(0..0, head);
    objects.push(b'}');
    Ok(ok(objects))
}

pub(crate) fn write(answer: &impl Serialize) -> Reply<Vec<u8>> {
    spelling::write(answer).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON: {error}");
        Refusal::App(web::Problem::internal("the answer cannot be written"))
    })
}

fn ok(body: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, JSON),
        (VARY, HeaderValue::from_static("Accept, Cookie")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, body).into_response()
}

pub(crate) fn error(status: StatusCode, body: &Value) -> Response {
    let body = spelling::write(body).unwrap_or_default();
    (status, [(CONTENT_TYPE, JSON)], body).into_response()
}

pub(crate) fn created(location: &str) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    if let Ok(place) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

/// What may be done here.
pub(crate) fn methods(methods: &[Method]) -> Response {
    let (name, value) = allow(methods);
    ([(name, value.clone())], value.as_bytes().to_vec()).into_response()
}
