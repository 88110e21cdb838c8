//! Reports of workers about themselves.

use super::*;

/// W: 7.1 and 11.3.
#[tokio::test]
async fn a_worker_answers_pings_and_reports_its_version() {
    let app = TestApp::new().await;
    let body = r#"{"ping_response_dts": "2026-11-21 08:05:42.863340+00:00", "concurrent_jobs": 2, "worker_version": "2.1.2"}"#;
    for _ in 0..2 {
        let answered = app.ask(WORKER, "PATCH", "/api/v1/worker/1/", body).await;
        assert_eq!(
            (answered.status, answered.text.as_str()),
            (StatusCode::ACCEPTED, "")
        );
    }
    assert_eq!(app.events("worker.reported").await.len(), 1);
    let worker = app.get(WORKER, "/api/v1/worker/1/").await.json();
    assert_eq!(worker["ping_response_dts"], "2026-11-21T09:05:42.863340");
    assert_eq!(worker["concurrent_jobs"], 2);
    assert_eq!(worker["worker_version"], "2.1.2");
    let nulls = json!({"ping_response_dts": null, "concurrent_jobs": null, "worker_version": null});
    assert_eq!(app.patch(WORKER, "/api/v1/worker/1/", nulls).await, 202);
    let worker = app.get(WORKER, "/api/v1/worker/1/").await.json();
    assert_eq!(worker["ping_response_dts"], Value::Null);
    assert_eq!(worker["worker_version"], Value::Null);
}

/// 18.5 and 18.6: a worker changes its own reports, and nothing else.
#[tokio::test]
async fn a_worker_does_not_change_what_it_is() {
    let app = TestApp::new().await;
    let before = app.events("").await.len();
    for body in [
        json!({}),
        json!({"title": "root", "api_key": "root", "enqueue_is_enabled": false, "description": "x"}),
        json!({"id": 2, "resource_uri": "/api/v1/worker/2/", "secret": "x", "unknown": [1]}),
    ] {
        assert_eq!(app.patch(WORKER, "/api/v1/worker/1/", body).await, 202);
    }
    assert_eq!(app.events("").await.len(), before);
}

/// 18.8.
#[tokio::test]
async fn what_makes_no_sense_about_a_worker_is_refused() {
    let app = TestApp::new().await;
    for body in [
        json!({"ping_response_dts": "now"}),
        json!({"ping_response_dts": ""}),
        json!({"ping_response_dts": 7}),
        json!({"concurrent_jobs": "2"}),
        json!({"concurrent_jobs": -1}),
        json!({"concurrent_jobs": 1.5}),
        json!({"concurrent_jobs": 4_294_967_296_u64}),
        json!({"worker_version": 2}),
        json!({"worker_version": "v".repeat(101)}),
    ] {
        let status = app.patch(WORKER, "/api/v1/worker/1/", body.clone()).await;
        assert_eq!(status, 400, "{body}");
    }
    assert_eq!(app.patch(WORKER, "/api/v1/worker/2/", json!({})).await, 401);
    assert_eq!(app.patch(WORKER, "/api/v1/worker/9/", json!({})).await, 404);
    assert!(app.events("worker.reported").await.is_empty());
}

/// D: 4.2, as the drop-in should do it.
#[tokio::test]
async fn people_who_administer_a_project_change_its_workers() {
    let app = TestApp::new().await;
    let target = "/api/v1/worker/1/";
    let off = json!({"enqueue_is_enabled": false, "title": "Old one"});
    assert_eq!(app.patch(VIEWER, target, off.clone()).await, 401);
    for _ in 0..2 {
        assert_eq!(app.patch(ADMIN, target, off.clone()).await, 202);
    }
    let worker = app.get(VIEWER, target).await.json();
    assert_eq!(worker["enqueue_is_enabled"], false);
    assert_eq!(worker["title"], "Old one");
    assert_eq!(app.events("worker.enqueue_suspended").await.len(), 1);
    let key = json!({"api_key": "worker-1a"});
    assert_eq!(app.patch(ADMIN, target, key).await, 202);
    assert_eq!(app.get(WORKER, target).await.status, 401);
    let known = As::Worker("worker-1a", "verysecret");
    assert_eq!(app.get(known, target).await.status, 200);
    for body in [
        json!({"api_key": "a:b"}),
        json!({"api_key": ""}),
        json!({"title": ""}),
        json!({"title": null}),
        json!({"title": "t".repeat(256)}),
        json!({"enqueue_is_enabled": null}),
    ] {
        let status = app.patch(ADMIN, target, body.clone()).await;
        assert_eq!(status, 400, "{body}");
    }
}
