//! The caller: a worker that signs its requests, or a user with a session.
//!
//! A request with `Authorization` is judged by it alone: it must verify, and a session next to it
//! is ignored.

use projections::RosterView;
use std::net::IpAddr;

use axum::body::{Body, HttpBody};
use http::header::{AUTHORIZATION, CONTENT_ENCODING};
use http::{HeaderMap, Method};
use secrecy::SecretString;
use web::{App, Problem, body};

use crate::JobRunner;
use crate::caller::Caller;
use crate::raw_request::{RawRequest, target};
use crate::refusal::{Refusal, Reply};

mod signature;

use signature::Signed;
pub use signature::digest;

/// Identifies the caller. The signature covers the body, so the body is read here, but not when the
/// credential is refused anyway.
///
/// # Errors
/// 401, 413 for a body that is too large, and 503 after too many wrong signatures from the address:
/// workers take 429 for the end of what they do.
pub(crate) async fn identify(
    dialect: &JobRunner,
    app: &App,
    request: &mut RawRequest,
    body: Body,
    address: Option<IpAddr>,
) -> Reply<Caller> {
    let Some(header) = request.headers.get(AUTHORIZATION).cloned() else {
        return by_session(dialect, app, request, body).await;
    };
    let bytes_max = dialect.settings().body_bytes_max;
    let Some(signed) = Signed::read(&header) else {
        return Err(unread(request, body, bytes_max, "the credential is no signature").await);
    };
    // Before the comparison, so that a guesser does not learn that a guess was right.
    if let Some(address) = address
        && let Err(seconds) = dialect.signature_failures().check(address, signed.api_key)
    {
        let mut body = body;
        body::drain(&request.headers, &mut body, bytes_max).await;
        let problem = Problem::unavailable("too many requests with invalid signatures");
        return Err(problem.retry_after(seconds).into());
    }
    let failed = || {
        if let Some(address) = address {
            dialect.signature_failures().note(address, signed.api_key);
        }
    };
    // The body is checked whether the key is known or not: the answers reveal nothing about keys.
    let body = without_body(dialect, request, body).await?;
    let Some(worker) = worker(dialect, app, signed)? else {
        failed();
        body::discard(&request.headers, body, bytes_max).await?;
        return Err(Refusal::Unauthorized("the API key is not known"));
    };
    read(dialect, request, body).await?;
    let method = request.method.as_str();
    if !signed.is_of(&worker.secret, method, target(&request.uri), &request.body) {
        failed();
        return Err(Refusal::Unauthorized("the signature is not valid"));
    }
    Ok(worker.caller)
}

/// Refuses a request of a caller who is certainly unknown. A sender that is not done sending would
/// see a broken connection instead of the answer.
async fn unread(
    request: &RawRequest,
    mut body: Body,
    bytes_max: usize,
    reason: &'static str,
) -> Refusal {
    body::drain(&request.headers, &mut body, bytes_max).await;
    Refusal::Unauthorized(reason)
}

/// Refuses a GET with a body: it means nothing, and a proxy may leave out what was signed.
///
/// # Errors
/// 400, and 413 when it is too large on top.
async fn without_body(dialect: &JobRunner, request: &RawRequest, body: Body) -> Reply<Body> {
    if request.method != Method::GET || body.is_end_stream() {
        return Ok(body);
    }
    let mut body = body;
    let declares_some = body.size_hint().lower() > 0;
    // Chunks may turn out to be none.
    if declares_some || !body::drain(&request.headers, &mut body, 0).await {
        body::discard(&request.headers, body, dialect.settings().body_bytes_max).await?;
        return Err(Refusal::about("body", "a GET has none; send it without"));
    }
    Ok(Body::empty())
}

struct Known {
    caller: Caller,
    secret: SecretString,
}

fn worker(dialect: &JobRunner, app: &App, signed: Signed<'_>) -> Reply<Option<Known>> {
    let roster = app.views.of::<RosterView>()?;
    let found = roster.read(|roster| {
        let worker = roster.worker_by_key(signed.api_key)?;
        let caller = Caller::Worker {
            number: worker.number,
            title: worker.title.clone(),
        };
        Some((caller, worker.secret.clone()))
    });
    let Some((caller, sealed)) = found else {
        return Ok(None);
    };
    Ok(match dialect.people().seal.open(&sealed) {
        Ok(secret) => Some(Known { caller, secret }),
        Err(error) => {
            tracing::error!(
                %error,
                worker = signed.api_key,
                "the secret of worker {} cannot be opened: {error}",
                signed.api_key
            );
            None
        }
    })
}

async fn by_session(
    dialect: &JobRunner,
    app: &App,
    request: &mut RawRequest,
    body: Body,
) -> Reply<Caller> {
    let session = dialect
        .sessions()
        .user(dialect.people(), &request.method, &request.headers);
    let known = session.and_then(|user| match user {
        Some(user) => person(app, user),
        None => Ok(None),
    });
    if let Ok(Some(caller)) = known {
        let body = without_body(dialect, request, body).await?;
        read(dialect, request, body).await?;
        return Ok(caller);
    }
    let bytes_max = dialect.settings().body_bytes_max;
    let refusal = unread(
        request,
        body,
        bytes_max,
        "the request carries no credential",
    )
    .await;
    known?;
    Err(refusal)
}

/// A user who may log in.
fn person(app: &App, number: u64) -> Reply<Option<Caller>> {
    Ok(app.views.of::<RosterView>()?.read(|roster| {
        let user = roster.user(number).filter(|user| user.is_enabled)?;
        Some(Caller::User {
            number,
            name: user.name.clone(),
        })
    }))
}

/// Reads a body as it was signed.
///
/// # Errors
/// 413 when it is too large.
async fn read(dialect: &JobRunner, request: &mut RawRequest, body: Body) -> Reply<()> {
    request.budget = dialect.body_budget(body.size_hint().upper()).await;
    let bytes_max = dialect.settings().body_bytes_max;
    request.body = body::collect(&request.headers, body, bytes_max).await?;
    Ok(())
}

/// A body that was packed is signed as it arrives, and no old client packs any.
///
/// # Errors
/// 415.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Reply<()> {
    let packed = headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity");
    if packed {
        let problem = Problem::unsupported_media_type("bodies are not to be compressed");
        return Err(Refusal::App(problem));
    }
    Ok(())
}
