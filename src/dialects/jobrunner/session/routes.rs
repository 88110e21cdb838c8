//! Where people log in and out.

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use people::secret::{new_secret, same};
use people::{CSRF_COOKIE, CSRF_HEADER, PASSWORD_BYTES_MAX, People, SESSION_COOKIE, cookie};
use secrecy::ExposeSecret;
use web::{App, Audited, Problem, RequestContext, body};

use crate::JobRunner;

use crate::parameters::Parameters;

use super::form::{FORM_BYTES_MAX, Form, destination};
use super::page;

/// The longest token that is checked before the login.
const TOKEN_BYTES_MAX: usize = 128;

/// How long a browser keeps the cookies; the app may end a session before.
const COOKIE_SECONDS: u64 = 7 * 24 * 60 * 60;

pub(crate) fn routes() -> Router<JobRunner> {
    Router::new()
        .route("/accounts/login/", get(ask).post(log_in))
        .route("/accounts/logout/", get(ask_to_leave).post(log_out))
        .route(
            "/accounts/login",
            get(|| async { moved("/accounts/login/") }),
        )
        .route(
            "/accounts/logout",
            get(|| async { moved("/accounts/logout/") }),
        )
}

async fn ask(headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let query = Parameters::read(&query).unwrap_or_default();
    let next = destination(query.last("next").unwrap_or_default());
    let csrf = token(&headers)?;
    let mut response = page::log_in(StatusCode::OK, &csrf, next, "");
    set(&mut response, &headers, CSRF_COOKIE, &csrf);
    Ok(response)
}

async fn log_in(
    State(app): State<App>,
    State(people): State<People>,
    context: RequestContext,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = body::collect(&headers, body, FORM_BYTES_MAX).await?;
    let form = Form::read(&headers, &body)?;
    // Another site can send JSON only after a CORS preflight, which is refused.
    if !form.is_json && !shows_token(&headers, &form) {
        let said = "That page was too old, or its cookies were not kept. Once more, please.";
        return refused(&headers, &form, StatusCode::FORBIDDEN, said);
    }
    app.wait_for_opening().await?;
    if form.username.len() > PASSWORD_BYTES_MAX {
        return Err(Problem::bad_request("the user name is too long"));
    }
    let (address, metadata) = (context.source_ip(), context.metadata("web"));
    let opened = people
        .log_in(&form.username, form.password.clone(), address, metadata)
        .await;
    let opened = match opened.map_err(Problem::from) {
        Ok(opened) => opened,
        Err(problem) if form.is_json => return Ok(noted(problem.into_response())),
        Err(problem) => {
            let said = match problem.status() {
                StatusCode::UNAUTHORIZED => "The name or the password is not right.",
                StatusCode::TOO_MANY_REQUESTS => "Too many attempts. Please wait a little.",
                _ => return Err(problem),
            };
            let mut response = refused(&headers, &form, problem.status(), said)?;
            if let Some(seconds) = problem.retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            return Ok(noted(response));
        }
    };
    // The previous session of this browser ends.
    if let Some(before) = cookie(&headers, SESSION_COOKIE) {
        people.sessions.close(before);
    }
    let mut response = done(&form, form.destination());
    set(
        &mut response,
        &headers,
        SESSION_COOKIE,
        opened.session.expose_secret(),
    );
    set(
        &mut response,
        &headers,
        CSRF_COOKIE,
        opened.csrf.expose_secret(),
    );
    Ok(response)
}

async fn ask_to_leave(headers: HeaderMap) -> Response {
    page::log_out(cookie(&headers, CSRF_COOKIE).unwrap_or_default())
}

async fn log_out(
    State(people): State<People>,
    mut headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = body::collect(&headers, body, FORM_BYTES_MAX).await?;
    let form = if body.is_empty() {
        Form {
            is_json: true,
            ..Form::default()
        }
    } else {
        Form::read(&headers, &body)?
    };
    // A page has the token in its form, a program in the header.
    if let Ok(token) = HeaderValue::from_str(&form.csrf)
        && !form.csrf.is_empty()
    {
        headers.insert(CSRF_HEADER, token);
    }
    if let Some(visitor) = people.visitor(&Method::POST, &headers)? {
        if !visitor.may_write {
            return Err(Problem::forbidden(
                "the request does not show that it comes from our own pages",
            ));
        }
        if let Some(session) = cookie(&headers, SESSION_COOKIE) {
            people.sessions.close(session);
        }
    }
    let mut response = done(&form, "/accounts/login/");
    forget(&mut response, SESSION_COOKIE);
    forget(&mut response, CSRF_COOKIE);
    Ok(response)
}

/// Who was refused was written down already, and better.
fn noted(mut response: Response) -> Response {
    response.extensions_mut().insert(Audited);
    response
}

/// Whether a form repeats the token of the page that it comes from.
fn shows_token(headers: &HeaderMap, form: &Form) -> bool {
    let header = headers.get(CSRF_HEADER).map(HeaderValue::as_bytes);
    let shown = header.unwrap_or(form.csrf.as_bytes());
    cookie(headers, CSRF_COOKIE)
        .is_some_and(|known| !known.is_empty() && same(known.as_bytes(), shown))
}

/// The token of the browser, or a new one.
fn token(headers: &HeaderMap) -> Result<String, Problem> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let known = cookie(headers, CSRF_COOKIE)
        .filter(|token| (16..=TOKEN_BYTES_MAX).contains(&token.len()))
        .filter(|token| token.bytes().all(plain));
    if let Some(known) = known {
        return Ok(known.to_owned());
    }
    new_secret().map_err(|error| {
        tracing::error!(%error, "no randomness: {error}");
        Problem::unavailable("login is unavailable at present").retry_after(5)
    })
}

fn refused(
    headers: &HeaderMap,
    form: &Form,
    status: StatusCode,
    said: &str,
) -> Result<Response, Problem> {
    let csrf = token(headers)?;
    let mut response = page::log_in(status, &csrf, form.destination(), said);
    set(&mut response, headers, CSRF_COOKIE, &csrf);
    Ok(response)
}

/// A page is redirected, a program gets 200.
fn done(form: &Form, next: &str) -> Response {
    if form.is_json {
        return StatusCode::NO_CONTENT.into_response();
    }
    let mut response = StatusCode::FOUND.into_response();
    if let Ok(next) = HeaderValue::from_str(next) {
        response.headers_mut().insert(LOCATION, next);
    }
    response
}

fn moved(path: &'static str) -> Response {
    (
        StatusCode::MOVED_PERMANENTLY,
        [(LOCATION, HeaderValue::from_static(path))],
    )
        .into_response()
}

/// Sets a cookie. Pages read the token; only the browser reads the session.
fn set(response: &mut Response, headers: &HeaderMap, name: &str, value: &str) {
    let hidden = if name == SESSION_COOKIE {
        "; HttpOnly"
    } else {
        ""
    };
    let is_tls = headers
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme == "https");
    let secure = if is_tls { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Max-Age={COOKIE_SECONDS}; SameSite=Lax{hidden}{secure}");
    append(response, &text);
}

fn forget(response: &mut Response, name: &str) {
    append(
        response,
        &format!("{name}=; Path=/; Max-Age=0; SameSite=Lax"),
    );
}

fn append(response: &mut Response, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
