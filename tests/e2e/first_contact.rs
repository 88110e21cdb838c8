//! What a newcomer does in the first minute.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::time::Instant;

use reqwest::StatusCode;
use serde_json::Value;

use crate::server::{PATIENCE, Server, hook};

#[tokio::test]
async fn a_webhook_becomes_an_event_and_a_build_and_survives_a_restart() {
    let mut server = Server::start(&[]);
    let response = server.collect(&hook(4711, "running"), Some("key-1")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let accepted: Value = response.json().await.unwrap();
    assert_eq!(accepted["status"], "accepted");

    let event = server
        .get(&format!("/v1/events/{}", accepted["position"]))
        .await;
    assert_eq!(event["type"], "build.reported");
    assert_eq!(event["id"], accepted["event_id"]);
    let build = server
        .get_until("/v1/builds/4711", |build| build["status"] == "running")
        .await;
    server.kill();
    server.restart();
    let again = server
        .get_until("/v1/builds/4711", |build| build["status"] == "running")
        .await;
    assert_eq!(again, build);

    let duplicate = server.collect(&hook(4711, "running"), Some("key-1")).await;
    let duplicate: Value = duplicate.json().await.unwrap();
    assert_eq!(duplicate["status"], "duplicate");
    assert_eq!(duplicate["event_id"], accepted["event_id"]);
    assert_eq!(duplicate["position"], accepted["position"]);
}

#[tokio::test]
async fn nothing_but_the_doors_that_are_meant_to_be_open_is_open() {
    let server = Server::start(&[]);
    let client = reqwest::Client::new();
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/v1/info",
    ] {
        let status = client.get(server.url(path)).send().await.unwrap().status();
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    for path in [
        "/v1/events",
        "/v1/builds",
        "/v1/tokens",
        "/v1/audit",
        "/v1/projections",
    ] {
        let status = client.get(server.url(path)).send().await.unwrap().status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let unknown = client.get(server.url("/v1/nothing")).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        unknown.headers()["content-type"],
        "application/problem+json"
    );
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_refused_with_the_pid_of_the_first() {
    let server = Server::start(&[]);
    let refused = server.cli(&["--listen", "127.0.0.1:0", "serve"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("pid") || said.contains("process"), "{said}");
}

/// Made-up builds among real ones could not be removed again.
#[tokio::test]
async fn the_demo_writes_nothing_into_a_directory_with_other_data() {
    let mut server = Server::start(&[]);
    server.collect(&hook(4711, "running"), None).await;
    server.stop();
    let before = contents(server.dir());
    let refused = server.cli(&["--listen", "127.0.0.1:0", "demo"]);
    assert_eq!(refused.status.code(), Some(5));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains(&server.dir().display().to_string()), "{text}");
    assert!(text.contains("--data-dir"), "{text}");
    assert!(
        contents(server.dir()) == before,
        "the data directory has changed"
    );
}

#[tokio::test]
async fn the_demo_shows_a_farm_of_today_and_is_filled_once() {
    let mut server = Server::start_on_sample(300, &[("TALLYMAN__COLLECTOR__ENABLED", "false")]);
    let failed = server
        .get_until("/v1/builds?status=failed&limit=1000", |page| {
            page["items"]
                .as_array()
                .is_some_and(|items| items.len() > 5)
        })
        .await;
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    for build in failed["items"].as_array().unwrap() {
        let ended: jiff::Timestamp = build["finished_at"].as_str().unwrap().parse().unwrap();
        assert!(ended > yesterday, "{build}");
    }
    for path in [
        "/v1/builds?collection=out_of_memory",
        "/v1/builds?status=success",
        "/v1/builds?status=running",
        "/v1/runs?worker=1&success=true",
        "/v1/runs?worker=2&success=true",
        "/v1/runs?worker=3&success=true",
        "/v1/runs?success=false",
        "/v1/run-logs?text=no+space+left",
    ] {
        let page = server.get(path).await;
        assert_ne!(page["items"].as_array().map(Vec::len), Some(0), "{path}");
    }
    let workers = server.get("/v1/workers").await;
    assert_eq!(workers["items"].as_array().unwrap().len(), 3, "{workers}");
    let retried = server
        .get("/v1/events?type=build.usage_recorded&limit=1000")
        .await;
    let events = retried["items"].as_array().unwrap();
    assert!(events.iter().any(|event| event["data"]["retry_count"] == 1));

    let reported = reported(&server).await;
    server.stop();
    server.fill_with_sample(400);
    server.restart();
    assert_eq!(self::reported(&server).await, reported);
}

/// Whatever a start may be refused for is tried before the data directory is made.
#[test]
fn a_start_that_fails_leaves_nothing_behind() {
    let server = Server::not_running(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let (address, port) = (taken.to_string(), taken.port().to_string());
    let any = "127.0.0.1:0";
    for (command, listen, variable, value) in [
        (
            "serve",
            address.as_str(),
            "TALLYMAN__TELEMETRY__LOG",
            "info",
        ),
        ("demo", &address, "TALLYMAN__TELEMETRY__LOG", "info"),
        ("serve", any, "TALLYMAN__JOBRUNNER__BROADCASTER_PORT", &port),
        ("serve", any, "TALLYMAN__JOBRUNNER__EVENT_PORT", &port),
        (
            "serve",
            any,
            "TALLYMAN__JOBRUNNER__MAIL__SMTP_URL",
            "nothing",
        ),
        (
            "serve",
            any,
            "TALLYMAN__SOURCES__OTHER__SIGNING_TOKEN",
            "nothing",
        ),
        ("serve", any, "TALLYMAN__COLLECTOR__STAGE_PATTERN", "("),
        ("serve", any, "PROMETHEUS_URL", "nothing"),
        ("serve", any, "TALLYMAN__SERVER__REQUESTS_MAX", "0"),
    ] {
        let row = format!("{command} on {listen} with {variable}={value}");
        let dir = server.dir().join("new");
        let started = server
            .command(&["--listen", listen, command])
            .env("TALLYMAN__DATA__DIR", &dir)
            .env(variable, value)
            .output()
            .unwrap();
        assert!(
            matches!(started.status.code(), Some(1 | 2)),
            "{row}: {started:?}"
        );
        assert!(!dir.exists(), "{row} left {:?}", contents(&dir).keys());
    }
}

#[tokio::test]
async fn the_server_lists_ports_and_directories_and_warns_once_of_repeated_failures() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let prometheus = format!("http://{}/api/v1", closed.local_addr().unwrap());
    drop(closed);
    let server = Server::start(&[
        ("PROMETHEUS_URL", &prometheus),
        ("TALLYMAN__COLLECTOR__ATTEMPTS_MAX", "3"),
        ("TALLYMAN__COLLECTOR__BACKOFF_SECONDS", "0.01"),
        ("TALLYMAN__COLLECTOR__BACKOFF_SECONDS_MAX", "0.02"),
    ]);
    let dir = server.dir().display().to_string();
    for wanted in [
        concat!("tallyman ", env!("CARGO_PKG_VERSION"), ": data directory "),
        &dir,
        "log head 1",
        "listening: HTTP on ",
        "webhook sources: default (token)",
        &prometheus,
        "time zone Europe/Amsterdam",
    ] {
        logged(&server, wanted, 1);
    }
    for _ in 0..5 {
        let body = hook(4711, "running");
        let request = reqwest::Client::new().post(server.url("/v1/collect"));
        let request = request.header("X-Gitlab-Token", "wrong").json(&body);
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let refused = server.collect(&Value::Null, None).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    }
    for build in 1..=5 {
        server.collect(&hook(build, "success"), None).await;
    }
    let abandoned = |counts: &Value| {
        let counts = counts.as_array().into_iter().flatten();
        let mut counts = counts.filter(|count| count["state"] == "abandoned");
        counts.any(|count| count["count"] == 5)
    };
    server.get_until("/v1/collections/counts", abandoned).await;
    logged(&server, "the webhook's credential is not valid", 1);
    logged(&server, "refused a webhook: source `default`", 1);
    logged(
        &server,
        "an attempt failed and is repeated later: Prometheus",
        1,
    );
    logged(&server, "gave up after the last attempt: Prometheus", 1);
}

#[tokio::test]
async fn a_server_without_sources_warns_at_start_and_when_it_refuses() {
    let server = Server::start(&[("TALLYMAN__SOURCES__DEFAULT__TOKEN", "")]);
    logged(&server, "none is configured, every webhook is refused", 1);
    for _ in 0..3 {
        server.collect(&hook(4711, "running"), None).await;
    }
    logged(
        &server,
        "refused a webhook: no webhook source is configured",
        1,
    );
}

/// Waits until a text is in the log, and checks on how many lines.
#[track_caller]
fn logged(server: &Server, text: &str, lines: usize) {
    let begun = Instant::now();
    let found = || {
        let log = server.logged();
        log.lines().filter(|line| line.contains(text)).count()
    };
    while found() < lines && begun.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    assert_eq!(found(), lines, "`{text}` in {}", server.logged());
}

/// How many builds were reported.
async fn reported(server: &Server) -> Value {
    let pulse = server.get("/v1/pulse").await;
    let types = pulse["types"].as_array().unwrap().clone();
    let mut types = types
        .into_iter()
        .filter(|count| count["type"] == "build.reported");
    types.next().unwrap()
}

/// Every file below a folder, with what is in it.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.insert(path.display().to_string(), bytes);
            }
        }
    }
    found
}
