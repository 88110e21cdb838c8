//! The gate: everything that comes in and goes out passes here, once.
//!
//! One function instead of a stack of layers: each layer would box every request again, and the
//! order in which limits are checked could only be read backwards.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use eventlog::Position;
use futures::FutureExt;
use http::{HeaderMap, Method};
use tracing::Instrument;

use crate::body::Arrival;
use crate::view::MIN_POSITION;
use crate::{App, Problem, REQUEST_LINE_BYTES_MAX, RequestContext};

mod answer;
mod refused;
mod unambiguous;

pub use answer::AsIs;
pub use refused::Audited;

/// Answered under any load: an operator must reach the process when clients cannot.
const ALWAYS_OPEN: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// What requests that match no route are counted as.
const UNMATCHED: &str = "unmatched";

/// Lets a request in, and its answer out.
pub(crate) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let context = RequestContext::of(
        request.headers(),
        request.extensions(),
        &app.settings.trusted_proxies,
    );
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let method = request.method().clone();
    // Cloned for the unhappy case; it shares its bytes.
    let uri = request.uri().clone();
    request.extensions_mut().insert(context.clone());
    // Within the process an answer is read as a whole, and no reader is slow.
    let is_connected = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .is_some();

    let span = tracing::debug_span!(
        "request",
        %method,
        route,
        request_id = context.request_id(),
        trace_id = tracing::field::Empty,
        status = tracing::field::Empty,
    );
    if !span.is_disabled() {
        span.record("trace_id", context.trace().trace_id());
        app.observer.entered(&span, context.trace());
    }
    let answered = admit(&app, &context, request, next).instrument(span.clone());
    let mut response = match AssertUnwindSafe(answered).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(panic) => {
            app.observer.panicked(route);
            let (request_id, reason) = (context.request_id(), reason_of(&*panic));
            tracing::error!(route, request_id, reason, "a handler panicked");
            Problem::internal(format!(
                "internal error; logged under request id {request_id}"
            ))
            .into_response()
        }
    };
    if is_connected {
        response = app.responses.count(response).await;
    }
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        response = answer::as_problem(response, &context, uri.path()).await;
        refused::note(&app, &context, &method, route, &response);
    }
    answer::finish(&mut response, &context);
    span.record("status", status.as_u16());
    app.observer
        .answered(route, &method, status.as_u16(), began.elapsed());
    response
}

async fn admit(
    app: &App,
    context: &RequestContext,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    check_size(app, &request)?;
    unambiguous::check(&request)?;
    if ALWAYS_OPEN.contains(&request.uri().path()) {
        return Ok(next.run(request).await);
    }
    if let Some(address) = context.source_ip() {
        app.rate.check(address).map_err(|seconds| {
            let reason = "too many requests from your address";
            let path = request.uri().path();
            let problem = match app.takes_429(path) {
                true => Problem::rate_limited(reason),
                false => Problem::unavailable(reason),
            };
            problem.retry_after(seconds)
        })?;
    }
    // Refused at once instead of queued: a client in a queue has given up when its turn comes.
    let Ok(_permit) = app.requests.try_acquire() else {
        return Err(Problem::unavailable("too many requests are at work").retry_after(1));
    };
    if let Some(position) = min_position(request.headers())? {
        app.wait_for(position).await?;
    }
    let time_max = app.settings.limits.request_time_max;
    let arrival = Arrival::default();
    let request = request.map(|body| arrival.watch(body));
    let answered = tokio::time::timeout(time_max, next.run(request));
    answered.await.map_err(|_| {
        if arrival.is_awaited() {
            let seconds = time_max.as_secs();
            return Problem::too_slow(format!(
                "the body did not arrive within {seconds} s: send it faster, or in smaller parts"
            ));
        }
        Problem::unavailable("the request took longer than a request may take").retry_after(5)
    })
}

fn check_size(app: &App, request: &Request) -> Result<(), Problem> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(1, |target| target.as_str().len());
    // "GET target HTTP/1.1"
    let line = request.method().as_str().len() + 1 + target + " HTTP/1.1".len();
    if line > REQUEST_LINE_BYTES_MAX {
        return Err(Problem::uri_too_long(format!(
            "a request line may have {REQUEST_LINE_BYTES_MAX} bytes at most, not {line}"
        )));
    }
    let bytes_max = app.settings.limits.header_bytes_max;
    let sizes = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if sizes.sum::<usize>() > bytes_max {
        return Err(Problem::headers_too_large(format!(
            "the headers may have {bytes_max} bytes at most"
        )));
    }
    Ok(())
}

fn min_position(headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    let Some(value) = headers.get(MIN_POSITION) else {
        return Ok(None);
    };
    let position = value.to_str().ok().and_then(|text| text.parse().ok());
    let position = position.ok_or_else(|| {
        Problem::bad_request("a position is a whole number").at(MIN_POSITION.as_str(), "is not one")
    })?;
    Ok(Some(Position(position)))
}

fn reason_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown")
}

/// What answers where there is no route.
pub(crate) async fn no_route() -> Problem {
    Problem::not_found("there is nothing at this address")
}

/// What answers where there is a route, but not for this method.
pub(crate) async fn no_method(method: Method) -> Problem {
    Problem::method_not_allowed(format!("{method} does nothing here"))
}

/// The problem that an answer is, if it is one of ours.
pub(crate) fn problem_of(response: &Response) -> Option<&Arc<Problem>> {
    response.extensions().get()
}

#[cfg(test)]
mod tests;
