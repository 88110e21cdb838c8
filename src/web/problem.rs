//! The refusals of every surface, unless an old contract demands otherwise: RFC 9457.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One thing that is wrong with one part of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Which part: a field's path, a parameter, a header.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl FieldError {
    /// Names a part and what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// A refusal as a client reads it, never with inner texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem(Box<ProblemBody>);

/// The body of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// What kind of problem, as a stable name: `urn:tallyman:problem:<kind>`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "urn:tallyman:problem:bad-request")]
    pub kind: Cow<'static, str>,
    /// The kind in words.
    #[schema(value_type = String, example = "The request is malformed")]
    pub title: Cow<'static, str>,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Every part that is wrong, all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The requested path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// By what the request is found in logs and traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// After how many seconds it makes sense to come back; also the `Retry-After` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    #[serde(skip)]
    allow: Option<HeaderValue>,
}

/// Declares the kinds of problems: constructor, status, name and title, side by side.
macro_rules! problems {
    ($($(#[$meta:meta])* $make:ident = $status:ident $slug:literal $title:literal,)+) => {
        impl Problem {
            $($(#[$meta])*
            pub fn $make(detail: impl Into<String>) -> Self {
                Self::new(StatusCode::$status, concat!("urn:tallyman:problem:", $slug), $title, detail.into())
            })+

            /// A problem for a status from outside this crate.
            #[must_use]
            pub fn of_status(status: StatusCode, detail: String) -> Self {
                match status {
                    $(StatusCode::$status => Self::$make(detail),)+
                    other => {
                        let title = other.canonical_reason().unwrap_or("The request failed");
                        Self::new(other, "about:blank", title, detail)
                    }
                }
            }
        }
    };
}

problems! {
    /// 400.
    bad_request = BAD_REQUEST "bad-request" "The request is malformed",
    /// 401: the credential is missing or invalid.
    unauthenticated = UNAUTHORIZED "unauthenticated" "A valid credential is needed",
    /// 403: they may not.
    forbidden = FORBIDDEN "forbidden" "This is not permitted",
    /// 404.
    not_found = NOT_FOUND "not-found" "There is no such thing",
    /// 405.
    method_not_allowed = METHOD_NOT_ALLOWED "method-not-allowed" "The resource does not know this method",
    /// 406.
    not_acceptable = NOT_ACCEPTABLE "not-acceptable" "The resource has no such form",
    /// 408: the request took too long to arrive.
    too_slow = REQUEST_TIMEOUT "request-timeout" "The request took too long to arrive",
    /// 409.
    conflict = CONFLICT "conflict" "This does not fit how things stand",
    /// 410.
    gone = GONE "gone" "The object no longer exists",
    /// 413.
    too_large = PAYLOAD_TOO_LARGE "too-large" "The body is too large",
    /// 414.
    uri_too_long = URI_TOO_LONG "uri-too-long" "The request line is too long",
    /// 415.
    unsupported_media_type = UNSUPPORTED_MEDIA_TYPE "unsupported-media-type" "The body has a form that is not understood",
    /// 422.
    unprocessable = UNPROCESSABLE_ENTITY "unprocessable" "The request is well formed and makes no sense",
    /// 429.
    rate_limited = TOO_MANY_REQUESTS "rate-limited" "Too many requests",
    /// 431.
    headers_too_large = REQUEST_HEADER_FIELDS_TOO_LARGE "headers-too-large" "The headers are too large",
    /// 500: our fault. The detail names no inner text.
    internal = INTERNAL_SERVER_ERROR "internal" "Something broke here",
    /// 503: come back later.
    unavailable = SERVICE_UNAVAILABLE "unavailable" "The service cannot answer at present",
    /// 504: the change may have happened, and a repeat could make it happen twice.
    outcome_unknown = GATEWAY_TIMEOUT "outcome-unknown" "The outcome of the request is unknown",
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: String) -> Self {
        Self(Box::new(ProblemBody {
            kind: Cow::Borrowed(kind),
            title: Cow::Borrowed(title),
            status: status.as_u16(),
            detail: (!detail.is_empty()).then_some(detail),
            errors: Vec::new(),
            instance: None,
            trace_id: None,
            retry_after: None,
            allow: None,
        }))
    }

    /// Names the parts that are wrong.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Names one part that is wrong.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldError::new(field, message));
        self
    }

    /// Sets `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Sets `Allow`.
    #[must_use]
    pub fn allowing(mut self, methods: HeaderValue) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// Names the refused request.
    #[must_use]
    pub(crate) fn about(mut self, instance: Option<String>, trace_id: String) -> Self {
        self.0.instance = instance;
        self.0.trace_id = Some(trace_id);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl Deref for Problem {
    type Target = ProblemBody;

    fn deref(&self) -> &ProblemBody {
        &self.0
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&*self).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(methods) = &self.allow {
            headers.insert(ALLOW, methods.clone());
        }
        // The gate knows the request's trace id and writes the body again with it.
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

#[cfg(test)]
mod tests;
