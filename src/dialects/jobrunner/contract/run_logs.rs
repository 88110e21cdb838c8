//! Logs are written, replaced and read back, whatever they hold.

use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

use super::*;

fn log(content: &str) -> Value {
    json!({"run": "/api/v1/run/1/", "content": content})
}

async fn content(app: &TestApp) -> Value {
    let log = app.get(WORKER, "/api/v1/run_log/1/").await;
    assert_eq!(log.status, 200);
    log.json()["content"].clone()
}

/// W: 5.9, 11.4 and 18.7.
#[tokio::test]
async fn a_log_that_is_written_twice_is_replaced_and_keeps_its_number() {
    let app = TestApp::new().await;
    app.run().await;
    for (body, events) in [
        (log("hello\ndone\n"), 1),
        (log("hello\ndone\n"), 1),
        (log("more"), 2),
    ] {
        assert_eq!(app.create(WORKER, Resource::RunLog, body).await, 1);
        assert_eq!(app.events("run_log.").await.len(), events);
    }
    let shown = r#"{"content": "more", "id": 1, "resource_uri": "/api/v1/run_log/1/", "run": "/api/v1/run/1/"}"#;
    assert_eq!(app.get(WORKER, "/api/v1/run_log/1/").await.text, shown);
    assert_eq!(app.see(1).await["run_log"], "/api/v1/run_log/1/");
    let target = "/api/v1/run_log/1/";
    for _ in 0..2 {
        assert_eq!(
            app.patch(WORKER, target, json!({"content": "again"})).await,
            202
        );
    }
    assert_eq!(app.events("run_log.").await.len(), 3);
    assert_eq!(content(&app).await, "again");
    for body in [
        json!({}),
        json!({"unknown": 1}),
        json!({"run": "/api/v1/run/1/"}),
    ] {
        assert_eq!(app.patch(WORKER, target, body).await, 202);
    }
    assert_eq!(content(&app).await, "again");
    assert_eq!(
        app.patch(WORKER, target, json!({"content": null})).await,
        202
    );
    assert_eq!(content(&app).await, Value::Null);
}

/// W: 5.9. Long logs are stored outside the event log and come back whole.
#[tokio::test]
async fn a_long_log_comes_back_whole() {
    let app = TestApp::new().await;
    app.run().await;
    let long = "\u{1b}[1mé\u{0}🦀\\\"\n".repeat(90_000);
    let body = log(&long).to_string();
    assert!(body.len() > 2 << 20, "{}", body.len());
    let answered = app.ask(WORKER, "POST", "/api/v1/run_log/", body).await;
    assert_eq!(answered.status, 201);
    assert_eq!(content(&app).await, long);
    let event = app.last_event("run_log.written").await;
    assert_eq!(event["content"]["blob"]["size"], long.len());
}

/// A worker cuts long logs in the middle of characters.
#[tokio::test]
async fn half_a_character_does_not_lose_the_log() {
    let app = TestApp::new().await;
    app.run().await;
    let body =
        r#"{"run": "/api/v1/run/1/", "content": "a\ud83d\n[truncated]\n\udd80b \ud83e\udd80"}"#;
    let answered = app.ask(WORKER, "POST", "/api/v1/run_log/", body).await;
    assert_eq!(answered.status, 201);
    assert_eq!(content(&app).await, "a\u{fffd}\n[truncated]\n\u{fffd}b 🦀");
}

/// W: sorted by run, the newest first.
#[tokio::test]
async fn logs_are_listed_by_run() {
    let app = TestApp::new().await;
    for _ in 0..3 {
        app.run().await;
    }
    for run in [2, 3, 1] {
        let body = json!({"run": Resource::Run.uri(run), "content": format!("of {run}")});
        app.create(WORKER, Resource::RunLog, body).await;
    }
    let list = app.get(WORKER, "/api/v1/run_log/").await;
    assert_eq!(list.ids(), [2, 1, 3]);
    assert_eq!(list.json()["objects"][0]["content"], "of 3");
    assert_eq!(list.json()["meta"]["total_count"], 3);
    assert!(app.get(STRANGER, "/api/v1/run_log/").await.ids().is_empty());
    assert_eq!(app.get(STRANGER, "/api/v1/run_log/1/").await.status, 401);
    // Beyond the old server: 6 lets a drop-in narrow the list by run.
    for (query, ids) in [
        ("run=3", vec![2]),
        ("run__in=1,3", vec![2, 3]),
        ("run__in=1,3&limit=1&offset=1", vec![3]),
        ("run=9", vec![]),
    ] {
        let target = format!("/api/v1/run_log/?{query}");
        let list = app.get(WORKER, &target).await;
        assert_eq!(list.ids(), ids, "{query}");
        assert!(app.get(STRANGER, &target).await.ids().is_empty());
    }
    for query in ["run=x", "run__gt=1", "content=x"] {
        let list = app.get(WORKER, &format!("/api/v1/run_log/?{query}")).await;
        assert_eq!(list.status, 400, "{query}");
    }
    assert_eq!(
        app.get(WORKER, "/api/v1/run_log/set/3;1/").await.ids(),
        [3, 1]
    );
}

/// A page of long logs is shorter than requested and has a next page.
#[tokio::test]
async fn a_page_of_logs_has_no_more_bytes_than_fit() {
    let app = TestApp::new().await;
    let long = "x".repeat(6 << 20);
    for run in 1..5 {
        app.run().await;
        let body = json!({"run": Resource::Run.uri(run), "content": long});
        app.create(WORKER, Resource::RunLog, body).await;
    }
    let first = app.get(WORKER, "/api/v1/run_log/?limit=3").await;
    assert_eq!(first.ids(), [4, 3]);
    let meta = first.json()["meta"].clone();
    assert_eq!(meta["limit"], 2);
    assert_eq!(meta["total_count"], 4);
    let second = app.get(WORKER, meta["next"].as_str().unwrap()).await;
    assert_eq!(second.ids(), [2, 1]);
    assert_eq!(second.json()["meta"]["next"], Value::Null);
    assert_eq!(
        app.get(WORKER, "/api/v1/run_log/set/1;2;3/").await.status,
        400
    );
}

/// A page is refused before its texts are read when other answers use the whole memory budget; a
/// small page is not.
#[tokio::test]
async fn a_page_of_logs_waits_for_the_memory_budget() {
    let app = TestApp::new().await;
    app.run().await;
    let body = json!({"run": Resource::Run.uri(1), "content": "x".repeat(100_000)});
    app.create(WORKER, Resource::RunLog, body).await;
    let max = WebSettings::default().limits.response_bytes_max;
    let others = app.app.responses.reserve(max - 50_000).unwrap();
    for target in ["/api/v1/run_log/", "/api/v1/run_log/set/1/"] {
        let refused = app.get(WORKER, target).await;
        assert_eq!(refused.status, 503, "{target}");
        assert_eq!(refused.header("retry-after"), "1", "{target}");
    }
    assert_eq!(app.get(WORKER, "/api/v1/run/").await.ids(), [1]);
    drop(others);
    assert_eq!(app.get(WORKER, "/api/v1/run_log/").await.ids(), [1]);
    assert_eq!(app.app.responses.used(), 0);
}

/// Many large pages at once would take the memory budget from each other, and none would be
/// answered.
#[tokio::test]
async fn large_pages_wait_for_each_other_and_small_ones_do_not() {
    let app = TestApp::new().await;
    for (run, bytes) in [(1, 10), (2, 300_000), (3, 300_000)] {
        app.run().await;
        let body = json!({"run": Resource::Run.uri(run), "content": "x".repeat(bytes)});
        app.create(WORKER, Resource::RunLog, body).await;
    }
    let mut others = Vec::new();
    for _ in 0..LARGE_ANSWERS_MAX {
        others.extend(app.dialect.large_answer().await);
    }
    let mut large = std::pin::pin!(app.get(WORKER, "/api/v1/run_log/"));
    for _ in 0..20 {
        let small = app.get(WORKER, "/api/v1/run_log/?limit=1&offset=2");
        tokio::select! {
            biased;
            large = &mut large => panic!("it did not wait: {}", large.status),
            small = small => assert_eq!(small.ids(), [1]),
        }
    }
    others.pop();
    assert_eq!(large.await.ids(), [3, 2, 1]);
}

/// 18.8 and section 4.
#[tokio::test]
async fn a_log_that_makes_no_sense_is_refused() {
    let app = TestApp::new().await;
    app.run().await;
    app.run().await;
    for (who, body, status) in [
        (WORKER, json!({}), 400),
        (WORKER, json!({"content": "x"}), 400),
        (
            WORKER,
            json!({"run": "/api/v1/run/99/", "content": "x"}),
            400,
        ),
        (WORKER, json!({"run": "/api/v1/run/1/", "content": 7}), 400),
        (
            WORKER,
            json!({"run": "/api/v1/run/1/", "content": ["x"]}),
            400,
        ),
        (STRANGER, log("x"), 401),
        (VIEWER, log("x"), 401),
        (ADMIN, log("x"), 201),
    ] {
        let answered = app
            .ask(who, "POST", "/api/v1/run_log/", body.to_string())
            .await;
        assert_eq!(answered.status, status, "{who:?} {body}");
    }
    let target = "/api/v1/run_log/1/";
    for (who, target, body, status) in [
        (WORKER, target, json!({"content": 7}), 400),
        (WORKER, target, json!({"run": "/api/v1/run/2/"}), 400),
        (STRANGER, target, json!({"content": "x"}), 401),
        (VIEWER, target, json!({"content": "x"}), 401),
        (WORKER, "/api/v1/run_log/9/", json!({"content": "x"}), 404),
    ] {
        assert_eq!(
            app.patch(who, target, body.clone()).await,
            status,
            "{who:?} {body}"
        );
    }
    assert_eq!(content(&app).await, "x");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_a_run_printed_comes_back(printed in any::<String>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = runtime.block_on(async {
            let app = TestApp::new().await;
            app.run().await;
            app.create(WORKER, Resource::RunLog, log(&printed)).await;
            content(&app).await
        });
        prop_assert_eq!(read, printed);
    }
}
