//! What a newcomer does in the first minute.

use reqwest::StatusCode;

use crate::server::{Server, hook};

#[tokio::test]
async fn a_webhook_becomes_an_event_and_a_build_and_survives_a_restart() {
    let mut server = Server::start(&[]);
    let response = server.collect(&hook(4711, "running"), Some("key-1")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let accepted: serde_json::Value = response.json().await.unwrap();
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
    let duplicate: serde_json::Value = duplicate.json().await.unwrap();
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
