//! Servers that misbehave: what is tried again, what is not, and what is never followed.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::builds::build::{BuildEvent, CollectionFault as F};
use projections::builds::collections::{CollectionState, Outcome};
use reactors::prometheus::{Prometheus, PrometheusConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::app::{App, config, report};
use crate::canned::Canned;
use crate::gitlab::{self, serve_app};

/// How much of a log is read here.
const LOG_BYTES_MAX: usize = 256 * 1024;

/// How the address of a server ends that never answers.
const SLOW: &str = "/slow";

#[tokio::test]
async fn trouble_on_the_way_is_tried_again_and_then_abandoned() {
    let json = |status: StatusCode, body: &'static str| {
        let content = [(header::CONTENT_TYPE, "application/json")];
        always(move || (status, content.clone(), body).into_response())
    };
    for (server, words) in [
        (down().await, "cannot connect"),
        (slow().await, "no whole answer within"),
        (half_an_answer().await, "broke off"),
        (
            always(|| Html("<html>log in").into_response()).await,
            "something else than its JSON",
        ),
        (
            always(|| Redirect::to("/login").into_response()).await,
            "303",
        ),
        (
            json(StatusCode::TOO_MANY_REQUESTS, r#"{"status":"error"}"#).await,
            "429",
        ),
        (
            json(StatusCode::BAD_GATEWAY, r#"{"status":"error"}"#).await,
            "502",
        ),
        (
            json(StatusCode::UNAUTHORIZED, r#"{"status":"error"}"#).await,
            "401",
        ),
        (
            json(
                StatusCode::OK,
                r#"{"status":"success","data":{"result":[{"met"#,
            )
            .await,
            "JSON",
        ),
        (
            json(StatusCode::OK, r#"{"status":"success"}"#).await,
            "JSON",
        ),
        (
            json(
                StatusCode::UNPROCESSABLE_ENTITY,
                r#"{"status":"error","errorType":"execution","error":"expanding series: storage is starting"}"#,
            )
            .await,
            "422 Unprocessable Entity, execution: expanding series",
        ),
        (
            json(
                StatusCode::BAD_REQUEST,
                r#"{"status":"error","errorType":"canceled","error":"query was canceled"}"#,
            )
            .await,
            "canceled: query was canceled",
        ),
        (
            json(
                StatusCode::OK,
                r#"{"status":"success","warnings":["store gateway 3 is away"],"data":{"result":[]}}"#,
            )
            .await,
            "found nothing, and warned: store gateway 3 is away",
        ),
        (
            always(|| {
                let zipped = zipped(NOTHING);
                ([(header::CONTENT_ENCODING, "gzip")], zipped[..zipped.len() - 9].to_vec())
                    .into_response()
            })
            .await,
            "not readable as gzip",
        ),
        (
            always(|| ([(header::CONTENT_ENCODING, "br")], "\u{1}").into_response()).await,
            "in the encoding `br`",
        ),
    ] {
        let (outcome, events) = outcome(&server, None).await;
        assert_eq!(outcome, Outcome::Abandoned, "{words}");
        let [first, second, last] = &events[..] else {
            panic!("{words}: {events:?}");
        };
        for (event, number) in [(first, 1), (second, 2)] {
            let BuildEvent::CollectionAttempted(told) = event else {
                panic!("{words}: {event:?}");
            };
            assert_eq!(told.attempt, number);
            assert!(told.error.contains(words), "{words}: {}", told.error);
            assert!(told.retry_at >= told.at);
        }
        let BuildEvent::CollectionAbandoned(told) = last else {
            panic!("{words}: {last:?}");
        };
        assert_eq!(told.attempts, 3);
        assert!(told.error.contains(words), "{words}: {}", told.error);
    }
}

#[tokio::test]
async fn a_query_that_prometheus_refuses_is_not_repeated() {
    let body = r#"{"status":"error","errorType":"bad_data","error":"1:5: parse error"}"#;
    let too_many = r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}"#;
    let found =
        |series: String| format!(r#"{{"status":"success","data":{{"result":[{series}]}}}}"#);
    let series = found(vec![r#"{"metric":{}}"#; 1_001].join(","));
    let samples = vec![r#"[1,"1"]"#; 1_001].join(",");
    let samples = found(format!(r#"{{"metric":{{}},"values":[{samples}]}}"#));
    for (server, words) in [
        (
            always(move || (StatusCode::BAD_REQUEST, body).into_response()).await,
            "bad_data: 1:5: parse error",
        ),
        (
            always(move || (StatusCode::UNPROCESSABLE_ENTITY, too_many).into_response()).await,
            "too many samples",
        ),
        (
            always(|| {
                let zipped = zipped(&"x".repeat(100_000));
                ([(header::CONTENT_ENCODING, "gzip")], zipped).into_response()
            })
            .await,
            "larger than 65536 bytes",
        ),
        (
            always(|| "x".repeat(100_000).into_response()).await,
            "larger than 65536 bytes",
        ),
        (
            always(move || series.clone().into_response()).await,
            "1001 series, more than 1000",
        ),
        (
            always(move || samples.clone().into_response()).await,
            "1001 samples, more than 1000",
        ),
    ] {
        let (outcome, events) = outcome(&server, None).await;
        assert_eq!(outcome, Outcome::Failed(F::PodMissing), "{words}");
        let [BuildEvent::CollectionFailed(failed)] = &events[..] else {
            panic!("{words}: {events:?}");
        };
        assert!(failed.detail.contains(words), "{words}: {}", failed.detail);
    }
}

/// Some proxies compress every answer.
#[tokio::test]
async fn an_answer_that_was_zipped_unasked_is_read() {
    let encodings = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let asked = Arc::clone(&encodings);
    let app = Router::new().fallback(get(move |headers: axum::http::HeaderMap| async move {
        asked.lock().push(headers[header::ACCEPT_ENCODING].clone());
        let one = r#"{"status":"success","data":{"result":[{"metric":{},"value":[1,"2.5"]}]}}"#;
        // Two parts, as some proxies write them.
        let (first, rest) = one.split_at(20);
        let body = [zipped(first), zipped(rest)].concat();
        ([(header::CONTENT_ENCODING, "gzip")], body)
    }));
    let config = PrometheusConfig::new(&serve_app(app).await);
    let prometheus = Prometheus::new(&config).unwrap();
    let found = prometheus.instant("up", 1.0).await.unwrap();
    assert_eq!(found[0].samples, [2.5]);
    assert_eq!(*encodings.lock(), ["identity"]);
}

#[tokio::test]
async fn trouble_that_passes_leaves_its_attempts_behind() {
    let (outcome, events) = outcome(&Canned::failing(2).serve().await, None).await;
    assert_eq!(outcome, Outcome::Recorded);
    let kinds: Vec<&str> = events.iter().map(BuildEvent::event_type).collect();
    let attempted = "build.collection_attempted";
    assert_eq!(kinds, [attempted, attempted, "build.usage_recorded"]);
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    let trap = always(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        StatusCode::OK.into_response()
    });
    let trap = trap.await;
    let (to, of_gitlab) = (trap.clone(), trap.clone());
    let redirecting = always(move || Redirect::temporary(&to).into_response()).await;
    assert_eq!(outcome(&redirecting, None).await.0, Outcome::Abandoned);
    let gitlab = always(move || Redirect::temporary(&of_gitlab).into_response()).await;
    let prometheus = Canned::default().serve().await;
    let (found, _) = outcome(&prometheus, Some(&gitlab)).await;
    assert_eq!(found, Outcome::Abandoned);
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_gitlab_without_the_log_lets_the_collection_go_on_and_one_in_trouble_does_not() {
    let prometheus = Canned::default().serve().await;
    let missing = gitlab::serve(&[]).await;
    assert_eq!(
        outcome(&prometheus, Some(&missing)).await.0,
        Outcome::Recorded
    );
    for gitlab in [
        down().await,
        slow().await,
        half_an_answer().await,
        always(|| StatusCode::FORBIDDEN.into_response()).await,
        always(|| StatusCode::INTERNAL_SERVER_ERROR.into_response()).await,
        always(|| Html("<html>log in").into_response()).await,
    ] {
        let (outcome, _) = outcome(&prometheus, Some(&gitlab)).await;
        assert_eq!(outcome, Outcome::Abandoned);
    }
}

/// A log without an end is read to its bound, and what was read of it counts.
#[tokio::test]
async fn an_endless_log_is_read_to_its_bound() {
    let written = Arc::new(AtomicUsize::new(0));
    let prometheus = Canned::default().serve().await;
    let gitlab = endless(Arc::clone(&written)).await;
    let (found, _) = outcome(&prometheus, Some(&gitlab)).await;
    assert_eq!(found, Outcome::Recorded);
    // The buffers of two sockets are added.
    assert!(written.load(Ordering::SeqCst) < 64 * LOG_BYTES_MAX);
}

/// The outcome of one successful build with these servers, and its history.
async fn outcome(prometheus: &str, gitlab: Option<&str>) -> (Outcome, Vec<BuildEvent>) {
    let app = App::new();
    let mut config = config(Some(prometheus), gitlab);
    let prometheus = config.prometheus.as_mut().unwrap();
    prometheus.timeout = timeout(&prometheus.url);
    prometheus.answer_bytes_max = 64 * 1024;
    prometheus.samples_max = 1_000;
    if let Some(gitlab) = config.gitlab.as_mut() {
        gitlab.timeout = timeout(&gitlab.url);
        gitlab.log_bytes_max = LOG_BYTES_MAX;
    }
    let _collector = app.collect(config);
    app.report(report(1)).await;
    let CollectionState::Done(outcome) = app.until_done(1).await else {
        unreachable!("the build has its outcome");
    };
    (outcome, app.collection().await)
}

/// A short timeout for the server that never answers; the others may be slow on a busy machine.
fn timeout(url: &str) -> Duration {
    Duration::from_millis(if url.ends_with(SLOW) { 200 } else { 10_000 })
}

async fn always(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    let app = Router::new().fallback(get(move || async move { answer() }));
    serve_app(app).await
}

/// An answer with nothing in it.
const NOTHING: &str = r#"{"status":"success","data":{"result":[]}}"#;

fn zipped(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// An address without a listener.
async fn down() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A server that takes every question and never answers.
async fn slow() -> String {
    let app = Router::new().fallback(get(std::future::pending::<StatusCode>));
    serve_app(app).await + SLOW
}

/// A server that goes away in the middle of every answer.
async fn half_an_answer() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = [0; 4096];
            let _ = stream.read(&mut question).await;
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n";
            let half = format!("{head}{{\"status\":\"success\",\"data\":{{\"result\":[");
            let _ = stream.write_all(half.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

/// A server that answers for ever, and counts the bytes it got rid of.
async fn endless(written: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = [0; 4096];
            let _ = stream.read(&mut question).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            let piece = [b'.'; 4096];
            while stream.write_all(&piece).await.is_ok() {
                written.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    });
    format!("http://{address}")
}
