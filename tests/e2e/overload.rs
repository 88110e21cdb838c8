//! More requests than the server takes at once: some are refused, and every acknowledged one is
//! durable.

use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;

use crate::main_job::verify_and_compare;
use crate::server::{Server, hook};

/// How many requests the server takes at once.
const TAKEN_AT_ONCE: &str = "2";

/// How many senders there are, and how many webhooks each sends.
const SENDERS: i64 = 48;
const WEBHOOKS: i64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn refused_clients_get_retry_after_and_the_others_are_served() {
    let server = Arc::new(Server::start(&[
        ("TALLYMAN__SERVER__REQUESTS_MAX", TAKEN_AT_ONCE),
        ("TALLYMAN__COLLECTOR__ENABLED", "false"),
    ]));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let (mut accepted, mut refused) = (Vec::new(), Vec::new());
                for number in sender * WEBHOOKS..(sender + 1) * WEBHOOKS {
                    let response = server.collect(&hook(number, "running"), None).await;
                    match response.status() {
                        StatusCode::OK => accepted.push(number),
                        StatusCode::SERVICE_UNAVAILABLE => {
                            assert!(response.headers().contains_key(RETRY_AFTER));
                            refused.push(number);
                        }
                        other => panic!("webhook {number} was answered {other}"),
                    }
                }
                (accepted, refused)
            })
        })
        .collect();
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for sender in senders {
        let (served, turned_away) = sender.await.unwrap();
        accepted.extend(served);
        refused.extend(turned_away);
    }
    assert!(!accepted.is_empty(), "no request was served");
    assert!(!refused.is_empty(), "no request was refused");
    for number in &accepted {
        let path = format!("/v1/builds/{number}");
        server
            .get_until(&path, |build| build["status"] == "running")
            .await;
    }
    for number in refused {
        let stream = server
            .get_any(&format!("/v1/streams/build-default:{number}"))
            .await;
        assert_eq!(stream["status"], 404, "nothing of it was kept: {stream}");
    }
    let health = reqwest::get(server.url("/healthz")).await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
    let mut server = Arc::into_inner(server).expect("all senders are done");
    verify_and_compare(&mut server);
}
