//! The server killed in the middle of a load: what was acknowledged is there, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::main_job::verify_and_compare;
use crate::server::{Server, hook};

/// How often the server is killed.
const KILLS: u64 = 8;

/// How many senders there are.
const SENDERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill_in_the_middle_of_a_load() {
    let mut server = Server::start(&[("TALLYMAN__COLLECTOR__ENABLED", "false")]);
    let next = Arc::new(AtomicI64::new(1));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    // Made once: a client reads the system's certificates, which takes longer than a server lives
    // here.
    let client = reqwest::Client::new();
    for kill in 0..KILLS {
        let server_url = server.url("/v1/collect");
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
                tokio::spawn(send(client.clone(), server_url.clone(), next, acknowledged))
            })
            .collect();
        // A different moment every time; which one does not matter.
        tokio::time::sleep(Duration::from_millis(30 + kill * 17)).await;
        server.kill();
        for sender in senders {
            sender.await.unwrap();
        }
        server.restart();
    }
    let acknowledged = acknowledged.lock().await.clone();
    assert!(
        acknowledged.len() > 50,
        "the load was none: {}",
        acknowledged.len()
    );
    for (number, position) in &acknowledged {
        let event = server.get(&format!("/v1/events/{position}")).await;
        assert_eq!(event["stream"], format!("build-default:{number}"));
        assert_eq!(event["revision"], 0);
    }
    verify_and_compare(&mut server);
}

/// Sends webhooks until the server is dead, and notes what it acknowledged.
async fn send(
    client: reqwest::Client,
    url: String,
    next: Arc<AtomicI64>,
    acknowledged: Arc<Mutex<Vec<(i64, u64)>>>,
) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let request = client
            .post(&url)
            .header("X-Gitlab-Event", "Job Hook")
            .header("X-Gitlab-Token", crate::server::WEBHOOK_TOKEN)
            .json(&hook(number, "running"))
            .timeout(Duration::from_secs(20));
        let Ok(response) = request.send().await else {
            return;
        };
        assert_eq!(response.status(), 200);
        let Ok(answer) = response.json::<serde_json::Value>().await else {
            return;
        };
        let position = answer["position"]
            .as_u64()
            .expect("an acknowledgement has a position");
        acknowledged.lock().await.push((number, position));
    }
}
