//! Headers that name the caller, the target and the host must not be repeated.
//!
//! Of two of them a proxy in front may believe the one and we the other.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, Version};
use people::CSRF_HEADER;

use crate::Problem;
use crate::view::MIN_POSITION;

/// What may be there once at most.
const ONCE: [HeaderName; 12] = [
    AUTHORIZATION,
    HOST,
    CONTENT_TYPE,
    MIN_POSITION,
    HeaderName::from_static(CSRF_HEADER),
    HeaderName::from_static("x-gitlab-token"),
    HeaderName::from_static("x-gitlab-event"),
    HeaderName::from_static("webhook-id"),
    HeaderName::from_static("webhook-timestamp"),
    HeaderName::from_static("webhook-signature"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("x-http-method-override"),
];

/// # Errors
/// 400 for a header that is there twice, and for a request over HTTP/1.1 without a host.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    for name in &ONCE {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(Problem::bad_request(format!(
                "the header `{name}` is there more than once"
            ))
            .at(name.as_str(), "send it once"));
        }
    }
    // What came over no connection, as in a test of the routes alone, was sent to no host.
    let is_received = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .is_some();
    if is_received && request.version() == Version::HTTP_11 && !headers.contains_key(HOST) {
        let problem = Problem::bad_request("the header `host` is missing");
        return Err(problem.at(HOST.as_str(), "HTTP/1.1 demands it, be it empty"));
    }
    Ok(())
}
