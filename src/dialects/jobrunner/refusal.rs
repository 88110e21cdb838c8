//! Refusals of the old server: from the cause to its status and its body.
//!
//! | cause | status | body |
//! |---|---|---|
//! | a value, a filter, a page or a relation that makes no sense | 400 | `{"error": …}` |
//! | unknown caller, or one that may not see or do this | 401 | empty, and no `WWW-Authenticate` |
//! | no such number | 404 | empty |
//! | another method | 405 | `Allow`, and the same text |
//! | no form that we can write | 406 | `{"error": …}` |
//! | a name that is taken | 409 | `{"error": …}` |
//! | too large a body | 413 | `{"error": …}` |
//! | another form of body | 415 | `{"error": …}` |
//! | we cannot at present | 503 | `{"error_message": …}`, `Retry-After` |
//! | it is not known whether it was written | 504 | `{"error_message": …}` |
//! | we are broken | 500 | `{"error_message": …}` |
//!
//! A worker repeats whatever was answered with 5xx for ever, and drops its work on any other status
//! that it does not expect: so no request that will never succeed is answered with 5xx, and none
//! that may succeed later with anything else.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use commands::CommandError;
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};
use projections::TableError;
use serde_json::json;
use web::{AsIs, Problem};

use crate::answer;

/// A refusal of the old server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// Something makes no sense. The text names it.
    Bad(String),
    /// The caller is unknown or not allowed. The text is for the audit, not for the caller.
    Unauthorized(&'static str),
    /// No such number.
    NotFound,
    /// These methods are known, and the request's is not.
    Method(&'static [Method]),
    /// Another has this name, or this place.
    Conflict(String),
    /// A refusal that all surfaces share; it reveals nothing internal.
    App(Problem),
}

pub(crate) type Reply<T> = Result<T, Refusal>;

impl Refusal {
    /// Names a part of the request and what is wrong with it.
    pub(crate) fn about(part: &str, what: impl std::fmt::Display) -> Self {
        Self::Bad(format!("{part}: {what}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = |status, text: &str| answer::error(status, &json!({"error": text}));
        let mut response = match self {
            Self::Bad(text) => error(StatusCode::BAD_REQUEST, &text),
            Self::Conflict(text) => error(StatusCode::CONFLICT, &text),
            Self::NotFound => StatusCode::NOT_FOUND.into_response(),
            Self::Unauthorized(reason) => {
                let mut response = StatusCode::UNAUTHORIZED.into_response();
                // The gate writes refused changes down with the reason that the problem gives.
                let problem = Arc::new(Problem::unauthenticated(reason));
                response.extensions_mut().insert(problem);
                response
            }
            Self::Method(allowed) => {
                let mut response = answer::methods(allowed);
                *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                response
            }
            Self::App(problem) => of_the_app(&problem),
        };
        response.extensions_mut().insert(AsIs);
        response
    }
}

fn of_the_app(problem: &Problem) -> Response {
    let status = problem.status();
    let text = problem.detail.as_deref().unwrap_or(&problem.title);
    let body = if status.is_server_error() {
        json!({"error_message": text})
    } else {
        json!({"error": text})
    };
    let mut response = answer::error(status, &body);
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// The methods of a place as `Allow` lists them.
pub(crate) fn allow(methods: &[Method]) -> (http::HeaderName, HeaderValue) {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let value = HeaderValue::from_str(&names.join(","));
    (ALLOW, value.unwrap_or(HeaderValue::from_static("GET")))
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::App(problem)
    }
}

impl From<TableError> for Refusal {
    fn from(error: TableError) -> Self {
        Self::App(error.into())
    }
}

impl<R: std::fmt::Display> From<CommandError<R>> for Refusal {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Rejected(rejection) => Self::Bad(rejection.to_string()),
            error => Self::App(error.into()),
        }
    }
}
