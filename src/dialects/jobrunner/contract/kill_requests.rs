//! Kill requests are made, taken note of and carried out.

use super::*;

/// D for the request, W for the worker's reports: 5.8 and 11.3.
#[tokio::test]
async fn a_run_is_killed_once_and_in_either_order() {
    let app = TestApp::new().await;
    let run = app.run().await;
    app.report(run, &[claim(), start(), json!({"pid": 6170})])
        .await;
    app.clock
        .set("2026-11-21T08:05:50.836391Z".parse().unwrap());
    let body = json!({"run": "/api/v1/run/1/", "id": 9, "schedule_dts": "2030-01-01"});
    let number = app.create(ADMIN, Resource::KillRequest, body).await;
    assert_eq!(number, 1);
    let expected = r#"{"enqueue_dts": null, "execute_dts": null, "id": 1, "resource_uri": "/api/v1/kill_request/1/", "run": "/api/v1/run/1/", "schedule_dts": "2026-11-21T09:05:50.836391"}"#;
    let target = "/api/v1/kill_request/1/";
    assert_eq!(app.get(WORKER, target).await.text, expected);
    let enqueued = json!({"enqueue_dts": "2026-11-21 08:05:52.732500+00:00"});
    let executed = json!({"execute_dts": "2026-11-21 08:05:52.946707+00:00"});
    for word in [&enqueued, &enqueued] {
        assert_eq!(app.patch(WORKER, target, word.clone()).await, 202);
    }
    // The run may return before its worker reports the kill.
    app.report(run, &[over(false)]).await;
    for word in [&executed, &executed, &enqueued] {
        assert_eq!(app.patch(WORKER, target, word.clone()).await, 202);
    }
    assert_eq!(app.events("kill_request.").await.len(), 3);
    let shown = app.get(WORKER, target).await.json();
    assert_eq!(shown["execute_dts"], "2026-11-21T09:05:52.946707");
    let run = app.see(run).await;
    assert_eq!(run["return_success"], false);
    // Several per run are allowed.
    let body = json!({"run": "/api/v1/run/1/"});
    assert_eq!(app.create(WORKER, Resource::KillRequest, body).await, 2);
    assert_eq!(app.get(WORKER, "/api/v1/kill_request/").await.ids(), [1, 2]);
    assert_eq!(
        app.get(WORKER, "/api/v1/kill_request/set/2;1/").await.ids(),
        [2, 1]
    );
}

/// 18.8 and section 4.
#[tokio::test]
async fn a_kill_that_makes_no_sense_is_refused() {
    let app = TestApp::new().await;
    app.run().await;
    let body = json!({"run": "/api/v1/run/1/"});
    app.create(ADMIN, Resource::KillRequest, body.clone()).await;
    for (who, body, status) in [
        (WORKER, json!({}), 400),
        (WORKER, json!({"run": null}), 400),
        (WORKER, json!({"run": 1}), 400),
        (WORKER, json!({"run": "/api/v1/job/1/"}), 400),
        (WORKER, json!({"run": "/api/v1/run/99/"}), 400),
        (STRANGER, body.clone(), 401),
        (VIEWER, body.clone(), 401),
        (As::Anonymous, body, 401),
    ] {
        let answered = app
            .ask(who, "POST", "/api/v1/kill_request/", body.to_string())
            .await;
        assert_eq!(answered.status, status, "{who:?} {body}");
    }
    let target = "/api/v1/kill_request/1/";
    for (who, target, body, status) in [
        (WORKER, target, json!({"enqueue_dts": "x"}), 400),
        (WORKER, target, json!({"execute_dts": true}), 400),
        (STRANGER, target, json!({}), 401),
        (VIEWER, target, json!({}), 401),
        (WORKER, "/api/v1/kill_request/9/", json!({}), 404),
    ] {
        assert_eq!(
            app.patch(who, target, body.clone()).await,
            status,
            "{who:?} {body}"
        );
    }
    for (target, status) in [
        ("/api/v1/kill_request/1/", 401),
        ("/api/v1/kill_request/9/", 404),
        ("/api/v1/kill_request/", 200),
    ] {
        assert_eq!(app.get(STRANGER, target).await.status, status, "{target}");
    }
    assert!(
        app.get(STRANGER, "/api/v1/kill_request/")
            .await
            .ids()
            .is_empty()
    );
}

/// Beyond the old server: 6 lets a drop-in narrow these lists by their run.
#[tokio::test]
async fn kills_are_found_by_their_runs_by_callers_that_see_them() {
    let app = TestApp::new().await;
    for _ in 0..3 {
        app.run().await;
    }
    for run in [2, 1, 2, 3] {
        let body = json!({"run": Resource::Run.uri(run)});
        app.create(WORKER, Resource::KillRequest, body).await;
    }
    for (query, ids) in [
        ("run=2", vec![1, 3]),
        ("run=1", vec![2]),
        ("run__in=3,2", vec![1, 3, 4]),
        ("run__in=3,2&limit=1&offset=1", vec![3]),
        ("run=99", vec![]),
        ("run=-1", vec![]),
    ] {
        let target = format!("/api/v1/kill_request/?{query}");
        let list = app.get(WORKER, &target).await;
        assert_eq!(list.ids(), ids, "{query}");
        assert!(app.get(STRANGER, &target).await.ids().is_empty());
    }
    let page = app
        .get(WORKER, "/api/v1/kill_request/?run__in=3,2&limit=1")
        .await
        .json();
    assert_eq!(page["meta"]["total_count"], 3);
    let next = "/api/v1/kill_request/?run__in=3,2&limit=1&offset=1";
    assert_eq!(page["meta"]["next"], next);
    for query in ["run=x", "run__gt=1", "schedule_dts=2026-11-21"] {
        let list = app
            .get(WORKER, &format!("/api/v1/kill_request/?{query}"))
            .await;
        assert_eq!(list.status, 400, "{query}");
    }
}
