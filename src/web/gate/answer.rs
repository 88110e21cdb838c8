//! What every answer looks like on its way out.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use http_body_util::{BodyExt, Limited};

use super::problem_of;
use crate::{Problem, REQUEST_ID, RequestContext, TRACEPARENT};

/// Marks an answer that an old contract demands exactly so: the gate leaves its body alone.
#[derive(Clone, Copy, Debug)]
pub struct AsIs;

/// The most of a plain refusal's text that is taken over.
const PLAIN_BYTES_MAX: usize = 4096;

/// The longest path that is repeated to the caller.
const INSTANCE_BYTES_MAX: usize = 512;

/// Headers that every answer has, unless it brings its own.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// Turns whatever refused a request into a problem that names the request.
pub(super) async fn as_problem(
    response: Response,
    context: &RequestContext,
    path: &str,
) -> Response {
    if response.extensions().get::<AsIs>().is_some() {
        return response;
    }
    let instance = (path.len() <= INSTANCE_BYTES_MAX).then(|| path.to_owned());
    let (mut parts, body) = response.into_parts();
    let ours = parts.extensions.remove::<std::sync::Arc<Problem>>();
    let problem = match ours {
        Some(problem) => std::sync::Arc::unwrap_or_clone(problem),
        None if is_plain(parts.headers.get(CONTENT_TYPE)) => {
            Problem::of_status(parts.status, plain_text(body).await)
        }
        None => return Response::from_parts(parts, body),
    };
    let mut response = problem
        .about(instance, context.trace().trace_id())
        .into_response();
    // The other headers of the refusal stay: `Allow`, `Warning`, …
    for (name, value) in &parts.headers {
        if name != CONTENT_TYPE
            && name != CONTENT_LENGTH
            && (name == ALLOW || !response.headers().contains_key(name))
        {
            response.headers_mut().insert(name.clone(), value.clone());
        }
    }
    for marker in [parts.extensions.remove::<super::Audited>()]
        .into_iter()
        .flatten()
    {
        response.extensions_mut().insert(marker);
    }
    response
}

fn is_plain(content_type: Option<&HeaderValue>) -> bool {
    content_type.is_none_or(|value| value.as_bytes().starts_with(b"text/plain"))
}

async fn plain_text(body: Body) -> String {
    match Limited::new(body, PLAIN_BYTES_MAX).collect().await {
        Ok(collected) => String::from_utf8_lossy(&collected.to_bytes()).into_owned(),
        Err(_) => String::new(),
    }
}

pub(super) fn finish(response: &mut Response, context: &RequestContext) {
    let headers = response.headers_mut();
    headers.reserve(HEADERS.len() + 2);
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    if let Ok(id) = HeaderValue::from_str(context.request_id()) {
        headers.insert(REQUEST_ID, id);
    }
    if let Ok(trace) = HeaderValue::from_str(&context.trace().to_string()) {
        headers.insert(TRACEPARENT, trace);
    }
}

/// Why a request was refused, in our own words.
pub(super) fn reason(response: &Response) -> String {
    let problem = problem_of(response);
    problem
        .and_then(|problem| problem.detail.clone())
        .unwrap_or_default()
}
