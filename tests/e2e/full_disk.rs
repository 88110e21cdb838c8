//! The disk runs full under a server: it reports that, loses nothing, and continues once there is
//! space.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde_json::Value;

use crate::main_job::verify_and_compare;
use crate::server::{Server, hook};

/// How large a disk is at first, and then, in mebibytes.
const SMALL: u32 = 12;
const LARGE: u32 = 96;

/// A few segments fit onto the small disk.
const SEGMENT_BYTES: &str = "1048576";

/// Larger than what is given back for the views at a start on a full disk.
const LARGE_SEGMENT_BYTES: &str = "33554432";

/// How large a webhook is: so that not too many are needed.
const WEBHOOK_BYTES: usize = 20_000;

/// How many webhooks a small disk never holds, and how many senders there are.
const WEBHOOKS: i64 = 1_000;
const SENDERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_log_is_named_and_is_over_once_there_is_space() {
    let server = Server::start_on_small_disk(
        "log",
        SMALL,
        &[
            ("TALLYMAN__LOG__SEGMENT_BYTES", SEGMENT_BYTES),
            ("TALLYMAN__COLLECTOR__ENABLED", "false"),
        ],
    );
    let sent = Sent::new(server);
    let server = &sent.server;
    sent.until_refused().await;
    // What was too little for a segment may become enough when others give back what they had
    // reserved.
    server.disk().fill();
    sent.until_refused().await;

    let refusal = server.collect(&webhook(WEBHOOKS), None).await;
    assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refusal.headers().contains_key(RETRY_AFTER));
    let problem: Value = refusal.json().await.unwrap();
    assert!(problem.to_string().contains("disk is full"), "{problem}");
    let ready = reqwest::get(server.url("/readyz")).await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let ready: Value = ready.json().await.unwrap();
    let reason = ready["unready"]["log"].as_str().unwrap_or_default();
    assert!(reason.contains("no space is left"), "{ready}");
    let (first, _) = sent.acknowledged.lock().unwrap()[0];
    let build = server.get(&format!("/v1/builds/{first}")).await;
    assert_eq!(build["status"], "running", "reads go on");

    // No request comes meanwhile: the server finds the space by itself.
    server.disk().relieve();
    server.disk().resize(LARGE);
    server
        .get_until("/readyz", |answer| answer["ready"] == true)
        .await;
    sent.one(WEBHOOKS).await;
    sent.is_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn views_on_a_full_disk_come_back_without_a_new_start() {
    let server = Server::start_on_small_disk(
        "views",
        LARGE,
        &[
            // A few rows at a time: what fails then is a flush, after which all tables have failed.
            ("TALLYMAN__VIEWS__COMMIT_MILLISECONDS", "10"),
            ("TALLYMAN__COLLECTOR__ENABLED", "false"),
        ],
    );
    let sent = Sent::new(server);
    let server = &sent.server;
    sent.one(1).await;
    server
        .get_until("/readyz", |answer| answer["ready"] == true)
        .await;

    server.disk().fill();
    let mut number = 1;
    // A view about which nothing is written fails only with all others.
    let is_full = |answer: &Value| {
        let reason = answer["unready"]["views.tokens"].as_str();
        reason.is_some_and(|reason| reason.contains("no space is left"))
    };
    while !is_full(&server.get_any("/readyz").await) {
        number += 1;
        assert!(number < WEBHOOKS, "the disk never ran full");
        sent.one(number).await;
    }
    // The log has its own disk, and webhooks are accepted.
    sent.one(WEBHOOKS).await;

    server.disk().relieve();
    server
        .get_until("/readyz", |answer| answer["ready"] == true)
        .await;
    assert_eq!(server.metric("tallyman_views_reopened_total").await, 1.0);
    let build = server.get(&format!("/v1/builds/{WEBHOOKS}")).await;
    assert_eq!(build["status"], "running");
    sent.is_whole().await;
}

/// Log, views and all: in whatever order they find out.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_everything_is_over_once_there_is_space() {
    let server = Server::start_on_small_disk(
        "",
        SMALL,
        &[
            ("TALLYMAN__LOG__SEGMENT_BYTES", SEGMENT_BYTES),
            ("TALLYMAN__COLLECTOR__ENABLED", "false"),
        ],
    );
    let sent = Sent::new(server);
    sent.until_refused().await;
    let server = &sent.server;
    server.disk().fill();
    let not_ready = |answer: &Value| answer["ready"] == false;
    server.get_until("/readyz", not_ready).await;

    server.disk().relieve();
    server.disk().resize(LARGE);
    server
        .get_until("/readyz", |answer| answer["ready"] == true)
        .await;
    sent.one(WEBHOOKS).await;
    sent.is_whole().await;
}

/// A start needs space for its own files: a server that had to be restarted on a full disk answered
/// nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_full_disk_serves_reads_and_refuses_writes() {
    for killed in [false, true] {
        let mut server = Server::start_on_small_disk(
            "",
            LARGE,
            &[
                ("TALLYMAN__LOG__SEGMENT_BYTES", LARGE_SEGMENT_BYTES),
                ("TALLYMAN__COLLECTOR__ENABLED", "false"),
            ],
        );
        server.collect(&webhook(WEBHOOKS + 1), None).await;
        let path = format!("/v1/builds/{}", WEBHOOKS + 1);
        server
            .get_until(&path, |build| build["status"] == "running")
            .await;
        server.disk().fill();
        match killed {
            true => server.kill(),
            false => server.stop(),
        }
        // What was given back at the end is taken as well.
        server.disk().fill();
        server.restart();
        server
            .get_until(&path, |build| build["status"] == "running")
            .await;

        let sent = Sent::new(server);
        sent.until_refused().await;
        let server = &sent.server;
        let ready = server.get_any("/readyz").await;
        let reason = ready["unready"]["log"].as_str().unwrap_or_default();
        assert!(reason.contains("no space is left"), "{ready}");
        let build = server.get(&path).await;
        assert_eq!(build["status"], "running", "reads go on");
        let logged = server.logged();
        let lines = logged.matches("a write was refused").count();
        assert_eq!(lines, 1, "one line for all refusals: {logged}");

        server.disk().relieve();
        server
            .get_until("/readyz", |answer| answer["ready"] == true)
            .await;
        sent.one(WEBHOOKS).await;
        sent.is_whole().await;
    }
}

/// A webhook that the log keeps whole.
fn webhook(number: i64) -> Value {
    let mut webhook = hook(number, "running");
    webhook["comment"] = Value::String("x".repeat(WEBHOOK_BYTES));
    webhook
}

/// What was sent to a server, and what it acknowledged: numbers of builds and positions.
struct Sent {
    server: Server,
    next: AtomicI64,
    acknowledged: std::sync::Mutex<Vec<(i64, u64)>>,
}

impl Sent {
    fn new(server: Server) -> Arc<Self> {
        Arc::new(Self {
            server,
            next: AtomicI64::new(1),
            acknowledged: std::sync::Mutex::default(),
        })
    }

    /// Sends a webhook that is acknowledged.
    async fn one(&self, number: i64) {
        let response = self.server.collect(&webhook(number), None).await;
        assert_eq!(response.status(), StatusCode::OK, "webhook {number}");
        self.note(number, response).await;
    }

    /// Sends webhooks until every sender got 503.
    async fn until_refused(self: &Arc<Self>) {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                let sent = Arc::clone(self);
                tokio::spawn(async move {
                    loop {
                        let number = sent.next.fetch_add(1, Ordering::Relaxed);
                        assert!(number < WEBHOOKS, "the disk never ran full");
                        let response = sent.server.collect(&webhook(number), None).await;
                        match response.status() {
                            StatusCode::OK => sent.note(number, response).await,
                            StatusCode::SERVICE_UNAVAILABLE => return,
                            other => panic!("webhook {number} was answered {other}"),
                        }
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
    }

    async fn note(&self, number: i64, response: reqwest::Response) {
        let answer: Value = response.json().await.unwrap();
        let position = answer["position"].as_u64();
        let position = position.expect("an acknowledgement has a position");
        self.acknowledged.lock().unwrap().push((number, position));
    }

    /// Checks that every acknowledged event is at its acknowledged position, and whole.
    async fn is_whole(self: Arc<Self>) {
        let sent = Arc::into_inner(self).expect("all senders are done");
        let mut server = sent.server;
        let acknowledged = sent.acknowledged.into_inner().unwrap();
        assert!(acknowledged.len() > 2, "{}", acknowledged.len());
        for (number, position) in acknowledged {
            let event = server.get(&format!("/v1/events/{position}")).await;
            assert_eq!(event["stream"], format!("build-default:{number}"));
            assert_eq!(event["revision"], 0);
        }
        assert_eq!(server.panics().await, [""; 0]);
        verify_and_compare(&mut server);
    }
}
