//! What the gate promises to every route.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use blobs::Blobs;
use commands::{Clock, Commands};
use eventlog::{EventLog, MemoryLog};
use futures::StreamExt;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use projections::{Views, ViewsConfig};
use serde_json::Value;
use tables::MemoryTables;
use tower::ServiceExt;

use super::*;
use crate::{HttpObserver, Limits, PROBLEM_JSON, Settings, serve_through_gate};

#[derive(Default)]
struct Counted {
    answers: Mutex<Vec<(String, u16)>>,
    panics: Mutex<u32>,
}

impl HttpObserver for Counted {
    fn answered(&self, route: &str, _: &Method, status: u16, _: Duration) {
        self.answers.lock().push((route.to_owned(), status));
    }

    fn panicked(&self, _: &str) {
        *self.panics.lock() += 1;
    }
}

fn gate_before(routes: Router<App>, limits: Limits) -> (Router, Arc<Counted>) {
    let now = "2026-11-21T07:00:00Z".parse().unwrap();
    let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new(move || now));
    let config = ViewsConfig::new(move || now);
    let views = Views::start(Arc::clone(&log), Arc::new(MemoryTables::new()), config).unwrap();
    let commands = Commands::new(log, Clock::fixed(now));
    let counted = Arc::new(Counted::default());
    let settings = Settings {
        limits,
        ..Settings::default()
    };
    let app = App::build(commands, views, Blobs::memory(), settings)
        .never_429("/old/")
        .observer(Arc::clone(&counted) as Arc<dyn HttpObserver>)
        .finish();
    (serve_through_gate(routes, app), counted)
}

async fn send(router: &Router, request: Request<Body>) -> (http::response::Parts, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts, serde_json::from_slice(&body).unwrap_or_default())
}

fn get_request(target: &str) -> http::request::Builder {
    Request::get(target)
}

fn empty(request: http::request::Builder) -> Request<Body> {
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn every_answer_names_its_request_and_its_trace() {
    let routes = Router::new().route("/here", get(async || "here"));
    let (router, counted) = gate_before(routes, Limits::default());
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = get_request("/here")
        .header("x-request-id", "ci-1")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let (parts, _) = send(&router, empty(request)).await;
    assert_eq!(parts.headers["x-request-id"], "ci-1");
    let traceparent = parts.headers["traceparent"].to_str().unwrap();
    assert!(traceparent.contains(trace) && !traceparent.contains("00f067aa0ba902b7"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(parts.headers[name], value, "{name}");
    }
    let (parts, _) = send(&router, empty(get_request("/nowhere"))).await;
    assert!(!parts.headers["x-request-id"].is_empty());
    assert_eq!(
        *counted.answers.lock(),
        [("/here".to_owned(), 200), ("unmatched".to_owned(), 404)]
    );
}

#[tokio::test]
async fn a_panic_is_answered_and_counted_and_the_next_request_is_served() {
    async fn breaks() -> &'static str {
        panic!("secret inner text")
    }
    let routes = Router::new()
        .route("/breaks", get(breaks))
        .route("/works", get(async || "works"));
    let (router, counted) = gate_before(routes, Limits::default());
    let (parts, body) = send(&router, empty(get_request("/breaks"))).await;
    assert_eq!(parts.status, 500);
    assert_eq!(body["type"], "urn:tallyman:problem:internal");
    assert!(!body.to_string().contains("secret"));
    let id = parts.headers["x-request-id"].to_str().unwrap();
    let detail = format!("internal error; logged under request id {id}");
    assert_eq!(body["detail"], detail);
    assert_eq!(*counted.panics.lock(), 1);
    assert_eq!(
        send(&router, empty(get_request("/works"))).await.0.status,
        200
    );
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let routes = Router::new().route("/slow", get(async || std::future::pending::<()>().await));
    let limits = Limits {
        request_time_max: Duration::from_millis(10),
        ..Limits::default()
    };
    let (router, _) = gate_before(routes, limits);
    let (parts, _) = send(&router, empty(get_request("/slow"))).await;
    assert_eq!(parts.status, 503);
    assert!(parts.headers.contains_key("retry-after"));
}

/// It was answered with 503, as if the server were to blame and the client should try again.
#[tokio::test]
async fn a_body_that_does_not_arrive_is_the_clients_fault_and_slow_work_is_not() {
    let read = async |request: Request<Body>| {
        let _ = crate::body::collect(&Default::default(), request.into_body(), 100).await;
        std::future::pending::<()>().await;
    };
    let routes = Router::new().route("/read", post(read));
    let limits = Limits {
        request_time_max: Duration::from_millis(10),
        ..Limits::default()
    };
    let (router, _) = gate_before(routes, limits);
    let begun = || futures::stream::iter([Ok::<_, std::io::Error>("{")]);
    let dripped = Body::from_stream(begun().chain(futures::stream::pending()));
    let whole = Body::from_stream(begun());
    for (body, status) in [(dripped, 408), (whole, 503), (Body::empty(), 503)] {
        let request = Request::post("/read").body(body).unwrap();
        let (parts, body) = send(&router, request).await;
        assert_eq!(parts.status.as_u16(), status, "{body}");
    }
}

/// A proxy may believe the first of two headers, and we the last.
#[tokio::test]
async fn a_header_that_decides_something_is_there_once() {
    let routes = Router::new().route("/here", get(async || "here"));
    let (router, _) = gate_before(routes, Limits::default());
    for name in ["Authorization", "Host", "X-Gitlab-Token", "Idempotency-Key"] {
        for values in [["a", "b"], ["a", "a"], ["", ""]] {
            let request = get_request("/here").header(name, values[0]);
            assert_eq!(
                send(&router, empty(request)).await.0.status,
                200,
                "{name}: {values:?}"
            );
            let request = get_request("/here")
                .header(name, values[0])
                .header(name, values[1]);
            let (parts, body) = send(&router, empty(request)).await;
            assert_eq!(parts.status, 400, "{name}: {values:?}");
            assert_eq!(body["errors"][0]["field"], name.to_lowercase());
        }
    }
}

#[tokio::test]
async fn a_request_over_http_1_1_names_its_host() {
    use http::Version;

    let routes = Router::new().route("/here", get(async || "here"));
    let (router, _) = gate_before(routes, Limits::default());
    for (version, host, status) in [
        (Version::HTTP_11, None, 400),
        (Version::HTTP_11, Some("here"), 200),
        (Version::HTTP_11, Some(""), 200),
        (Version::HTTP_10, None, 200),
        (Version::HTTP_2, None, 200),
    ] {
        let mut request = get_request("/here").version(version);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let mut request = empty(request);
        let peer: SocketAddr = "192.0.2.1:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let (parts, _) = send(&router, request).await;
        assert_eq!(parts.status, status, "{version:?} {host:?}");
    }
}

#[tokio::test]
async fn more_than_may_be_at_work_is_turned_away_at_once_but_for_health() {
    let (release, wait) = tokio::sync::watch::channel(false);
    let (arrived, mut at_work) = tokio::sync::mpsc::unbounded_channel();
    let slow = move || {
        let (mut wait, arrived) = (wait.clone(), arrived.clone());
        async move {
            arrived.send(()).unwrap();
            wait.wait_for(|open| *open).await.unwrap();
        }
    };
    let routes = Router::new()
        .route("/slow", get(slow))
        .route("/healthz", get(async || "ok"));
    let limits = Limits {
        requests_max: 1,
        ..Limits::default()
    };
    let (router, _) = gate_before(routes, limits);
    let first = tokio::spawn(router.clone().oneshot(empty(get_request("/slow"))));
    at_work.recv().await.unwrap();
    let (parts, _) = send(&router, empty(get_request("/slow"))).await;
    assert_eq!(
        (parts.status.as_u16(), &parts.headers["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    assert_eq!(
        send(&router, empty(get_request("/healthz"))).await.0.status,
        200
    );
    release.send(true).unwrap();
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn an_address_above_the_rate_limit_gets_retry_after() {
    let routes = Router::new()
        .route("/here", get(async || "here"))
        .route("/old/here", get(async || "here"));
    let limits = Limits {
        requests_per_second_max: 1,
        requests_burst_max: 3,
        ..Limits::default()
    };
    let (router, _) = gate_before(routes, limits);
    let at = |target: &str, address: &str| {
        let mut request = empty(get_request(target).header("host", "here"));
        let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    };
    let from = |address: &str| at("/here", address);
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(send(&router, from("192.0.2.1")).await.0.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let (parts, body) = send(&router, from("192.0.2.1")).await;
    assert!(parts.headers.contains_key("retry-after"));
    assert_eq!(body["status"], 429);
    // Old clients that understand only 503 as "try again" get 503.
    let (parts, _) = send(&router, at("/old/here", "192.0.2.1")).await;
    assert_eq!(parts.status, 503);
    assert!(parts.headers.contains_key("retry-after"));
    assert_eq!(send(&router, from("192.0.2.2")).await.0.status, 200);
    assert_eq!(send(&router, from("127.0.0.1")).await.0.status, 200);
}

#[tokio::test]
async fn headers_and_request_lines_are_bounded() {
    let routes = Router::new().route("/here", get(async || "here"));
    let (router, _) = gate_before(routes, Limits::default());
    let request = get_request("/here").header("x-big", "b".repeat(40_000));
    assert_eq!(send(&router, empty(request)).await.0.status, 431);
    let request = get_request(&format!("/here?q={}", "q".repeat(8190)));
    assert_eq!(send(&router, empty(request)).await.0.status, 414);
}

#[tokio::test]
async fn whatever_refuses_becomes_a_problem_unless_an_old_contract_says_otherwise() {
    let as_is = || async {
        let mut response = (StatusCode::BAD_REQUEST, "old words").into_response();
        response.extensions_mut().insert(AsIs);
        response
    };
    let routes = Router::new()
        .route(
            "/plain",
            get(async || (StatusCode::CONFLICT, "plain words")),
        )
        .route("/old", get(as_is))
        .route(
            "/number/{number}",
            get(async |_: axum::extract::Path<u8>| "number"),
        )
        .route("/json", post(async |_: axum::Json<u8>| "json"));
    let (router, _) = gate_before(routes, Limits::default());
    for (request, status) in [
        (empty(get_request("/plain")), 409),
        (empty(get_request("/number/x")), 400),
        (empty(get_request("/json")), 405),
        (empty(Request::post("/json")), 415),
        (empty(get_request("/none")), 404),
    ] {
        let target = request.uri().to_string();
        let (parts, body) = send(&router, request).await;
        assert_eq!(parts.status.as_u16(), status, "{target}");
        assert_eq!(parts.headers["content-type"], PROBLEM_JSON, "{target}");
        assert!(body["trace_id"].is_string(), "{target}: {body}");
        assert_eq!(body["instance"], target);
    }
    let response = router
        .clone()
        .oneshot(empty(get_request("/old")))
        .await
        .unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "old words"
    );
}
