//! axum's extractors, refusing as every other part of the house does.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::body::{JSON_DEPTH_MAX, check_depth, read_body};
use crate::{House, Problem};

/// A JSON body: bounded, not too deep, and named as JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<House> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, house: &House) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let media_type = parts
            .headers
            .get(CONTENT_TYPE)
            .map(http::HeaderValue::as_bytes);
        if !media_type.is_some_and(is_json) {
            return Err(Problem::unsupported_media_type(
                "the body must be application/json",
            ));
        }
        let limit = house.settings.limits.body_bytes_max;
        let bytes = read_body(&parts.headers, body, limit).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out.
#[derive(Clone, Copy, Debug)]
pub struct OptionalJson<T>(pub Option<T>);

impl<T: DeserializeOwned> FromRequest<House> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, house: &House) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let limit = house.settings.limits.body_bytes_max;
        let bytes = read_body(&parts.headers, body, limit).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(None));
        }
        parse(&bytes).map(|value| Self(Some(value)))
    }
}

fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|&b| b == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii().to_ascii_lowercase();
    essence == b"application/json"
        || (essence.starts_with(b"application/") && essence.ends_with(b"+json"))
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

/// The innermost cause, which names the part; the outer ones only say that it was a query or a path.
fn inner(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), inner)
}
