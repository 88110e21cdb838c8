//! axum's extractors, refusing as every other part of the app does.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::body::{JSON_DEPTH_MAX, check_depth, read_body};
use crate::{App, Problem};

/// An unread body. The caller is checked before the body is read.
#[derive(Debug)]
pub struct Unread {
    headers: HeaderMap,
    body: Body,
}

impl<S: Send + Sync> FromRequest<S> for Unread {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        Ok(Self {
            headers: parts.headers,
            body,
        })
    }
}

impl Unread {
    /// Reads it as a JSON object: bounded, not too deep, and named as JSON.
    ///
    /// # Errors
    /// 415, 413 or 400.
    pub async fn json<T: DeserializeOwned>(self, app: &App) -> Result<T, Problem> {
        let bytes = self.named(app.settings.limits.body_bytes_max).await?;
        no_list(&bytes)?;
        parse(&bytes)
    }

    /// Reads any JSON of a body with a larger limit: the sender was checked before, and the reader
    /// checks the form.
    ///
    /// # Errors
    /// 415, 413 or 400.
    pub async fn json_within(self, bytes_max: usize) -> Result<Value, Problem> {
        parse(&self.named(bytes_max).await?)
    }

    /// The bytes of what is named as JSON.
    async fn named(self, bytes_max: usize) -> Result<Bytes, Problem> {
        let media_type = self.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if !media_type.is_some_and(is_json) {
            return Err(Problem::unsupported_media_type(
                "the body must be application/json",
            ));
        }
        read_body(&self.headers, self.body, bytes_max).await
    }

    /// Reads it as a JSON object, or as the default when there is nothing.
    ///
    /// # Errors
    /// 413 or 400.
    pub async fn json_or_default<T: DeserializeOwned + Default>(
        self,
        app: &App,
    ) -> Result<T, Problem> {
        let bytes = self.bytes(app).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(T::default());
        }
        no_list(&bytes)?;
        parse(&bytes)
    }

    async fn bytes(self, app: &App) -> Result<Bytes, Problem> {
        read_body(&self.headers, self.body, app.settings.limits.body_bytes_max).await
    }
}

fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|&b| b == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii().to_ascii_lowercase();
    essence == b"application/json"
        || (essence.starts_with(b"application/") && essence.ends_with(b"+json"))
}

/// serde would take the values of a list for fields by their places.
fn no_list(bytes: &[u8]) -> Result<(), Problem> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::bad_request("the body is a list, not an object"));
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if let Err(offset) = check_depth(bytes) {
        return Err(Problem::bad_request(format!(
            "the JSON nests deeper than {JSON_DEPTH_MAX} levels at byte {offset}"
        )));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request(format!("the body is not as expected: {error}")))
}

/// The query of a request.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection: QueryRejection| {
                Problem::bad_request(format!(
                    "the query is not as expected: {}",
                    inner(&rejection)
                ))
            })
    }
}

/// The parts of a path.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection: PathRejection| {
                Problem::bad_request(format!(
                    "the path is not as expected: {}",
                    inner(&rejection)
                ))
            })
    }
}

/// The innermost cause, which names the part; the outer ones only name the query or the path.
fn inner(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), inner)
}
