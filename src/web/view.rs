//! Answers from views, which say how much of the log they know.

use axum::response::{IntoResponse, Response};
use eventlog::Position;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use crate::Problem;

/// The header that says up to which position of the log an answer knows.
pub const POSITION: HeaderName = HeaderName::from_static("tallyman-position");

/// The header by which a caller asks for an answer that knows at least that much.
pub const MIN_POSITION: HeaderName = HeaderName::from_static("tallyman-min-position");

/// An answer from a view, as JSON.
#[derive(Clone, Copy, Debug)]
pub struct View<T> {
    /// Up to where it knows the log.
    pub position: Position,
    /// What it says.
    pub body: T,
}

impl<T: Serialize> IntoResponse for View<T> {
    fn into_response(self) -> Response {
        let body = match serde_json::to_vec(&self.body) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON: {error}");
                return Problem::internal("the answer cannot be written").into_response();
            }
        };
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(POSITION, self.position.0.into());
        response
    }
}
