//! Bodies recorded from GitLab, and the result of each part.

use super::*;
use projections::Builds;

/// Everything that has a name of its own in the event.
#[tokio::test]
async fn every_named_field_is_reported() {
    let app = TestApp::new();
    let body = json!({
        "object_kind": "build",
        "ref": "release/4.2",
        "build_id": 90210,
        "build_name": "solver: [linux-x64, gcc-14]",
        "build_stage": "build",
        "build_status": "failed",
        "build_created_at": "2026-11-20 22:40:11 UTC",
        "build_started_at": "2026-11-20 22:43:58 UTC",
        "build_finished_at": "2026-11-20 23:31:20 UTC",
        "build_created_at_iso": "2026-11-20T22:40:11.500Z",
        "build_started_at_iso": "2026-11-20T22:43:58.250Z",
        "build_finished_at_iso": "2026-11-20T23:31:20.750Z",
        "build_failure_reason": "script_failure",
        "retries_count": 3,
        "pipeline_id": 33107,
        "project_id": 57,
        "project_name": "Alpen Lab / HPC / solver-stack",
        "runner": {"id": 412, "description": "hpc-build-07"},
    });
    let request = hook().header("x-gitlab-instance", "https://git.example/");
    let request = request.body(Body::from(body.to_string())).unwrap();
    assert_eq!(app.send(request).await.status, 200);
    let event = app.only_event("build.reported").await;
    for (field, expected) in [
        ("source", json!("default")),
        ("build_id", json!(90210)),
        ("status", json!("failed")),
        ("stage", json!("build")),
        ("name", json!("solver: [linux-x64, gcc-14]")),
        ("ref", json!("release/4.2")),
        // Of two spellings the finer.
        ("created_at", json!("2026-11-20T22:40:11.5Z")),
        ("started_at", json!("2026-11-20T22:43:58.25Z")),
        ("finished_at", json!("2026-11-20T23:31:20.75Z")),
        ("runner", json!({"id": 412, "description": "hpc-build-07"})),
        ("pipeline_id", json!(33107)),
        ("project_id", json!(57)),
        // Before GitLab 16 there was no `project`.
        ("project", json!("Alpen Lab / HPC / solver-stack")),
        ("failure_reason", json!("script_failure")),
        ("retries_count", json!(3)),
        ("instance", json!("https://git.example")),
        ("at", json!(NOW)),
    ] {
        assert_eq!(event[field], expected, "{field}");
    }
}

#[tokio::test]
async fn what_gitlab_has_been_seen_to_send_is_accepted() {
    let app = TestApp::new();
    let longest = format!("{}🦀", "n".repeat(251));
    for (number, (change, what)) in (1_i64..).zip([
        (json!({"project": null, "project_name": null}), "no project"),
        (json!({"retries_count": 0, "tag": true}), "a Git tag"),
        (json!({"runner": null, "build_status": "pending"}), "no runner"),
        (json!({"user": null, "environment": null}), "no user"),
        (json!({"build_status": "waiting_for_tomorrow"}), "an unknown status"),
        (json!({"build_failure_reason": "reason_of_tomorrow"}), "an unknown reason"),
        (json!({"project_id": -7, "project_name": "?"}), "an unknown project"),
        (json!({"tomorrow": {"a": [null, 1e300, {}]}}), "unknown fields"),
        (json!({"build_name": "a/b \"c\" 'd' \n\t🦀"}), "an odd name"),
        (json!({"build_name": longest}), "the longest name"),
        (json!({"build_duration": null, "build_queued_duration": -0.1}), "odd durations"),
        (json!({"build_started_at": null, "build_finished_at": null}), "not begun"),
        (
            json!({"build_started_at": "2026-11-20 23:31:20 UTC", "build_finished_at": "2026-11-20 22:43:58 UTC"}),
            "an end before the beginning",
        ),
        (
            json!({"build_started_at": "2026-11-20T22:43:58.000Z", "build_finished_at": "2026-11-20 23:31:20 +0000"}),
            "other spellings of time",
        ),
        (json!({"commit": {"message": "m".repeat(900_000)}}), "a long message"),
    ]) {
        let mut body = job();
        let all = body.as_object_mut().unwrap();
        all.insert("build_id".to_owned(), json!(number));
        all.extend(change.as_object().unwrap().clone());
        let answered = app.collect(body.to_string()).await;
        let said = (answered.status.as_u16(), &answered.body["status"]);
        assert_eq!(said, (200, &json!("accepted")), "{what}: {}", answered.body);
        assert!(answered.body.get("warning").is_none(), "{what}: {}", answered.body);
    }
    assert_eq!(app.events("audit").await.len(), 0);
}

/// GitLab sends the status at the time of sending, and deliveries may arrive out of order.
#[tokio::test]
async fn an_end_that_arrives_before_the_beginning_is_the_end() {
    let app = TestApp::new();
    for status in ["success", "running", "pending"] {
        app.collect(with("build_status", json!(status))).await;
    }
    app.app.wait_for(Position(3)).await.unwrap();
    let key = "default:90210".parse().unwrap();
    let build = app
        .app
        .views
        .of::<Builds>()
        .unwrap()
        .get(&key)
        .unwrap()
        .unwrap();
    assert_eq!((build.status.as_str(), build.reports), ("success", 3));
}

#[tokio::test]
async fn a_body_may_have_a_mebibyte_and_not_one_byte_more() {
    let app = TestApp::new();
    let empty = with("commit", json!({"message": ""})).len();
    let of_bytes = |bytes| with("commit", json!({"message": "m".repeat(bytes - empty)}));
    for (bytes, status) in [(1 << 20, 200), ((1 << 20) + 1, 413), (2 << 20, 413)] {
        assert_eq!(app.collect(of_bytes(bytes)).await.status, status, "{bytes}");
    }
}

/// One push may send forty deliveries with the same event UUID, and every attempt has its own.
#[tokio::test]
async fn neither_the_event_nor_the_attempt_names_a_delivery() {
    let app = TestApp::new();
    let send = async |number: i64, attempt: &str| {
        let request = hook()
            .header(
                "x-gitlab-event-uuid",
                "7b1f0c52-9f0a-4a43-8a57-6c7f4a1c3b21",
            )
            .header("x-gitlab-webhook-uuid", attempt)
            .header("idempotency-key", format!("delivery-{number}"))
            .header("x-request-id", "request-1");
        let body = Body::from(with("build_id", json!(number)));
        app.send(request.body(body).unwrap()).await.body["status"].clone()
    };
    for (number, attempt, status) in [
        (1, "a", "accepted"),
        (2, "a", "accepted"),
        (1, "b", "duplicate"),
    ] {
        assert_eq!(send(number, attempt).await, status, "{number} {attempt}");
    }
    let metadata: Value = serde_json::from_slice(&app.events("build").await[0].metadata).unwrap();
    for (field, expected) in [
        ("correlation", "7b1f0c52-9f0a-4a43-8a57-6c7f4a1c3b21"),
        ("idempotency_key", "delivery-1"),
        ("request_id", "request-1"),
        ("dialect", "gantry"),
    ] {
        assert_eq!(metadata[field], expected, "{field}");
    }
    assert_eq!(
        metadata["actor"],
        json!({"kind": "source", "id": "default"})
    );
}

/// Names are given by each source alone.
#[tokio::test]
async fn two_sources_may_give_their_deliveries_the_same_name() {
    let app = TestApp::with(vec![source("one", &["1"]), source("two", &["2"])]);
    for (token, status) in [("1", "accepted"), ("2", "accepted"), ("1", "duplicate")] {
        let request = Request::post("/v1/collect")
            .header("x-gitlab-event", "Job Hook")
            .header("x-gitlab-token", token)
            .header("idempotency-key", "the same");
        let request = request.body(Body::from(job().to_string())).unwrap();
        assert_eq!(app.send(request).await.body["status"], status, "{token}");
    }
}

/// Neither what was presented nor what is expected is written down, whatever becomes of the
/// delivery.
#[tokio::test]
async fn no_token_is_ever_written_down() {
    let app = TestApp::new();
    let presented = "a-secret-of-another-source";
    for (token, body) in [
        (presented, job().to_string()),
        (TOKEN, "{}".to_owned()),
        (TOKEN, job().to_string()),
    ] {
        for kind in ["Job Hook", "Push Hook"] {
            let request = Request::post("/v1/collect")
                .header("x-gitlab-event", kind)
                .header("x-gitlab-token", token)
                .header(
                    "authorization",
                    "Basic c2VjcmV0LXVzZXI6c2VjcmV0LXBhc3N3b3Jk",
                );
            app.send(request.body(Body::from(body.clone())).unwrap())
                .await;
        }
    }
    let events = app.events("").await;
    assert!(events.len() >= 4, "{events:?}");
    for event in events {
        let written =
            [&event.metadata, &event.data].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        for secret in [presented, TOKEN, "c2VjcmV0"] {
            assert!(!written.concat().contains(secret), "{written:?}");
        }
    }
}
