//! What goes over the wire byte for byte: clients that are silent, slow, too many or ambiguous, and
//! signals.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{PATIENCE, Server, WEBHOOK_TOKEN, hook};

const NO_COLLECTOR: (&str, &str) = ("TALLYMAN__COLLECTOR__ENABLED", "false");

/// Connections that had sent nothing, or the beginning of what HTTP/2 begins with, kept their
/// places for ever.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_give_their_places_back() {
    let server = Server::start(&[
        NO_COLLECTOR,
        ("TALLYMAN__SERVER__CONNECTIONS_MAX", "4"),
        ("TALLYMAN__SERVER__HEAD_SECONDS_MAX", "1"),
    ]);
    let mut silent = Vec::new();
    for sent in [
        &b""[..],
        b"G",
        b"PRI * HT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        silent.push(Raw::sending(&server, sent).await);
    }
    let answer = Raw::ask(
        &server,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
    );
    assert!(answer.await.starts_with("HTTP/1.1 200"));
    for mut one in silent {
        one.rest().await;
    }
}

/// A client that waited for `100 Continue` had to send the body before its token was checked.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_requested_after_the_check_of_token_and_declared_size() {
    let server = Server::start(&[NO_COLLECTOR]);
    let body = hook(1, "running").to_string();
    for (token, length, expected) in [
        ("wrong", body.len(), "HTTP/1.1 401 "),
        ("wrong", 2 << 20, "HTTP/1.1 401 "),
        (WEBHOOK_TOKEN, 2 << 20, "HTTP/1.1 413 "),
        (WEBHOOK_TOKEN, body.len(), "HTTP/1.1 100 "),
    ] {
        let head = format!(
            "POST /v1/collect HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nConnection: close\r\n\
             X-Gitlab-Event: Job Hook\r\nX-Gitlab-Token: {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        let mut raw = Raw::sending(&server, head.as_bytes()).await;
        let begin = raw.begin().await;
        assert!(begin.starts_with(expected), "{token} {length}: {begin}");
        if expected.contains("100") {
            raw.send(body.as_bytes()).await;
            let answer = raw.rest().await;
            assert!(answer.contains("HTTP/1.1 200 "), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_is_answered_408_and_the_connection_ends() {
    let server = Server::start(&[NO_COLLECTOR, ("TALLYMAN__SERVER__REQUEST_SECONDS_MAX", "1")]);
    let head = format!(
        "POST /v1/collect HTTP/1.1\r\nHost: here\r\nX-Gitlab-Event: Job Hook\r\n\
         X-Gitlab-Token: {WEBHOOK_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let answer = Raw::ask(&server, &head).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let problem: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(problem["type"], "urn:tallyman:problem:request-timeout");
}

/// Of two headers a proxy may believe the one and the server the other.
#[tokio::test(flavor = "multi_thread")]
async fn an_ambiguous_request_is_refused() {
    let server = Server::start(&[NO_COLLECTOR]);
    let token = format!("Authorization: Bearer {}\r\n", server.token());
    for (head, status) in [
        (format!("Host: here\r\n{token}"), 200),
        (format!("Host: here\r\n{token}{token}"), 400),
        (
            format!("Host: here\r\n{token}Authorization: Bearer other\r\n"),
            400,
        ),
        (format!("Host: here\r\nHost: here\r\n{token}"), 400),
        (format!("Host: here\r\nHost: there\r\n{token}"), 400),
        (token.clone(), 400),
    ] {
        let request = format!("GET /v1/builds HTTP/1.1\r\nConnection: close\r\n{head}\r\n");
        let answer = Raw::ask(&server, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{head}: {answer}"
        );
    }
}

/// A few dozen idle connections took the last descriptors, and the log could not open its next
/// segment.
#[tokio::test(flavor = "multi_thread")]
async fn connections_leave_descriptors_for_the_log() {
    let mut server = Server::start_with_open_files(
        64,
        &[
            NO_COLLECTOR,
            ("TALLYMAN__LOG__SEGMENT_BYTES", "1048576"),
            ("TALLYMAN__SERVER__HEAD_SECONDS_MAX", "2"),
        ],
    );
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(Raw::sending(&server, b"").await);
    }
    // The client waits in the kernel's queue until those before it were closed for sending nothing.
    let mut large = hook(1, "running");
    large["comment"] = Value::String("x".repeat(60_000));
    // Enough for several segments.
    for number in 0..60 {
        large["build_id"] = number.into();
        let answer = server.collect(&large, None).await;
        assert_eq!(answer.status(), 200, "webhook {number}");
    }
    let said = server.logged();
    assert!(said.contains("at most 64 files may be open"), "{said}");
    drop(idle);
    server.stop();
}

/// What an operator allows one caller and one address is what they get.
#[tokio::test(flavor = "multi_thread")]
async fn one_caller_and_one_address_have_as_much_as_is_configured() {
    let server = Server::start(&[
        NO_COLLECTOR,
        ("TALLYMAN__SERVER__STREAMS_PER_CALLER_MAX", "1"),
        ("TALLYMAN__JOBRUNNER__PEERS_PER_ADDRESS_MAX", "1"),
        ("TALLYMAN__JOBRUNNER__BROADCASTER_PORT", "0"),
        ("TALLYMAN__JOBRUNNER__EVENT_PORT", "0"),
    ]);
    let follow = || {
        let request = server.request(Method::GET, "/v1/events");
        request.header("accept", "text/event-stream").send()
    };
    let _first = follow().await.unwrap().error_for_status().unwrap();
    assert_eq!(follow().await.unwrap().status(), 429);

    for port in ["broadcaster", "events"] {
        let info = server.get("/v1/info").await;
        let address = info["ports"][port].as_str().expect(port);
        let address = address.trim_start_matches("tcp://").to_owned();
        let mut first = Raw(TcpStream::connect(&address).await.unwrap());
        assert!(
            first.begin().await.starts_with('\u{fffd}'),
            "{port}: no greeting"
        );
        let mut second = Raw(TcpStream::connect(&address).await.unwrap());
        assert_eq!(second.rest().await, "", "{port}: was greeted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_stops_the_server_in_order() {
    let mut server = Server::start(&[NO_COLLECTOR]);
    server.signal("HUP");
    server.has_stopped();
}

/// The first signal waits for what is under way, as long as it is configured to; nothing could
/// hasten it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_hastens_the_stop() {
    for second in ["TERM", "INT"] {
        let mut server = Server::start(&[
            NO_COLLECTOR,
            ("TALLYMAN__SERVER__REQUEST_SECONDS_MAX", "600"),
            ("TALLYMAN__SERVER__SHUTDOWN_SECONDS_MAX", "600"),
        ]);
        let head = format!(
            "POST /v1/collect HTTP/1.1\r\nHost: here\r\nX-Gitlab-Token: {WEBHOOK_TOKEN}\r\n\
             Expect: 100-continue\r\nContent-Length: 100\r\n\r\n"
        );
        let mut raw = Raw::sending(&server, head.as_bytes()).await;
        // Only now it is under way.
        assert!(raw.begin().await.starts_with("HTTP/1.1 100 "));
        server.signal("TERM");
        server.until_logged("SIGTERM: stopping").await;
        assert!(server.runs(), "it did not wait for the request");
        server.signal(second);
        server.has_stopped();
        raw.rest().await;
    }
}

/// One connection, byte for byte.
struct Raw(TcpStream);

impl Raw {
    async fn sending(server: &Server, bytes: &[u8]) -> Self {
        let address = server.url("");
        let address = address.strip_prefix("http://").unwrap();
        let mut raw = Self(TcpStream::connect(address).await.unwrap());
        raw.send(bytes).await;
        raw
    }

    /// Sends and gives all that comes until the server closes the connection.
    async fn ask(server: &Server, request: &str) -> String {
        Self::sending(server, request.as_bytes()).await.rest().await
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// What comes first.
    async fn begin(&mut self) -> String {
        let mut bytes = vec![0; 512];
        let read = within(self.0.read(&mut bytes)).await.unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }

    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // A connection may also be reset: it is closed then as well.
        let _ = within(self.0.read_to_end(&mut bytes)).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

async fn within<T>(awaited: impl Future<Output = T>) -> T {
    let limit: Duration = PATIENCE;
    tokio::time::timeout(limit, awaited)
        .await
        .expect("the server answers or closes the connection")
}
