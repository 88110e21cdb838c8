//! Answers from views, with the position of the log that they include.

use axum::response::{IntoResponse, Response};
use eventlog::Position;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use crate::Problem;

/// The header with the position of the log that an answer includes.
pub const POSITION: HeaderName = HeaderName::from_static("tallyman-position");

/// The header with the least position that an answer has to include.
pub const MIN_POSITION: HeaderName = HeaderName::from_static("tallyman-min-position");

/// An answer from a view, as JSON.
#[derive(Clone, Copy, Debug)]
pub struct View<T> {
    /// Up to where it knows the log.
    pub position: Position,
    pub body: T,
}

impl<T: Serialize> IntoResponse for View<T> {
    fn into_response(self) -> Response {
        response(self.position, serde_json::to_vec(&self.body))
    }
}

fn response(position: Position, body: serde_json::Result<Vec<u8>>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON: {error}");
            return Problem::internal("the answer cannot be written").into_response();
        }
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(POSITION, position.0.into());
    response
}
