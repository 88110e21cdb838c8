mod tokens;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::join_all;
use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn a_job_hook_is_accepted_once_its_event_is_durable() {
    let app = TestApp::new();
    let answered = app.collect(job().to_string()).await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.body["status"], "accepted");
    assert_eq!(answered.body["position"], 1);
    assert_eq!(answered.headers["tallyman-position"], "1");
    let events = app.events("").await;
    assert_eq!(events.len(), 1);
    assert_eq!(answered.body["event_id"], events[0].id.to_string());
    assert_eq!(events[0].stream.as_str(), "build-default:90210");
    let event = app.only_event("build.reported").await;
    for (field, expected) in [
        ("status", json!("success")),
        ("stage", json!("stage-1")),
        ("ref", json!("develop")),
        ("started_at", json!("2026-11-20T22:43:58Z")),
        ("finished_at", json!("2026-11-20T23:31:20.318Z")),
        ("project", json!("hpc/solver-stack")),
        ("runner", json!({"id": 412, "description": "hpc-build-07"})),
    ] {
        assert_eq!(event[field], expected, "{field}");
    }
}

#[tokio::test]
async fn the_body_is_kept_byte_for_byte_and_the_token_nowhere() {
    let app = TestApp::new();
    let body = job()
        .to_string()
        .replace("2.5,", "2.50,")
        .replace(":[", ": [");
    app.collect(body.clone()).await;
    let event = &app.events("build").await[0];
    let data = String::from_utf8(event.data.to_vec()).unwrap();
    assert!(data.contains(&body), "{data}");
    let metadata = String::from_utf8(event.metadata.to_vec()).unwrap();
    assert!(!data.contains(TOKEN) && !metadata.contains(TOKEN));
}

#[tokio::test]
async fn a_big_body_is_stored_outside_the_event() {
    let app = TestApp::new();
    let body = with("commit", json!({"message": "m".repeat(100_000)}));
    assert_eq!(app.collect(body.clone()).await.status, 200);
    let event = app.only_event("build.reported").await;
    assert_eq!(event["body_blob"]["size"], body.len());
    assert!(event.get("body").is_none());
    let digest = event["body_blob"]["digest"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let kept = app.app.blobs.get(digest, 1 << 20).await.unwrap().unwrap();
    assert_eq!(kept, body.as_bytes());
}

#[tokio::test]
async fn both_addresses_lead_to_the_same_place() {
    let app = TestApp::new();
    let request = hook()
        .uri("/collect")
        .body(Body::from(job().to_string()))
        .unwrap();
    assert_eq!(app.send(request).await.body["status"], "accepted");
    let again = app.collect(job().to_string()).await;
    assert_eq!(again.body["status"], "duplicate");
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_its_place_and_kept() {
    for (body, place) in [
        (&b""[..], "line 1"),
        (b"hello", "line 1"),
        (b"{\n\"build_id\": 1,,}", "line 2"),
        (b"{\"a\": \"\xff\"}", "byte 7"),
        (b"\0", "line 1"),
        (b"{} {}", "column 4"),
    ] {
        let app = TestApp::new();
        let answered = app.collect(body.to_vec()).await;
        assert_eq!(answered.status, 400, "{body:?}");
        let detail = answered.body["detail"].as_str().unwrap();
        assert!(detail.contains(place), "{body:?}: {detail}");
        let note = app.only_event("audit.body_refused").await;
        let noted = serde_json::from_value(note["body"].clone()).unwrap();
        let kept = app.app.refused_bodies.find("default", &noted).await;
        assert_eq!(kept.unwrap().unwrap(), body);
    }
}

#[tokio::test]
async fn json_that_nests_too_deep_is_refused() {
    let app = TestApp::new();
    for depth in [65, 200_000] {
        let body = with("deep", json!(null))
            .replace("null}", &("[".repeat(depth) + &"]".repeat(depth) + "}"));
        let answered = app.collect(body).await;
        assert_eq!(answered.status, 400);
        assert!(answered.body["detail"].as_str().unwrap().contains("deeper"));
    }
}

#[tokio::test]
async fn another_kind_of_webhook_is_ignored_with_a_warning() {
    for kind in [Some("Pipeline Hook"), Some("job hook"), None] {
        let app = TestApp::new();
        let mut request = Request::post("/v1/collect").header("x-gitlab-token", TOKEN);
        if let Some(kind) = kind {
            request = request.header("x-gitlab-event", kind);
        }
        let answered = app.send(request.body(Body::from("{}")).unwrap()).await;
        assert_eq!(answered.status, 200, "{kind:?}");
        assert_eq!(answered.body["status"], "ignored", "{kind:?}");
        assert!(
            answered.body["warning"]
                .as_str()
                .unwrap()
                .contains("Job Hook")
        );
        assert!(
            answered.headers["warning"]
                .to_str()
                .unwrap()
                .starts_with("299 ")
        );
        let note = app.only_event("audit.webhook_ignored").await;
        assert_eq!(note["kind"], kind.unwrap_or_default());
        assert!(app.events("build").await.is_empty());
    }
}

#[tokio::test]
async fn every_missing_field_is_named_at_once_and_the_body_kept_once() {
    let app = TestApp::new();
    let body = r#"{"ref": 7, "build_status": "success", "runner": {}}"#;
    for _ in 0..3 {
        let answered = app.collect(body).await;
        assert_eq!(answered.status, 400);
        let expected = [
            "build_stage",
            "build_id",
            "build_started_at",
            "build_finished_at",
            "ref",
            "runner.description",
        ];
        assert_eq!(fields(&answered), expected);
    }
    let note = app.only_event("audit").await;
    assert_eq!(note["errors"].as_array().unwrap().len(), 6);
    assert_eq!(note["errors"][0], "build_stage is missing");
    assert_eq!(note["headers"][0], json!(["x-gitlab-event", "Job Hook"]));
}

#[tokio::test]
async fn a_custom_template_is_answered_as_gantry_does() {
    let app = TestApp::new();
    let answered = app.collect(r#"{"my": "template"}"#).await;
    assert_eq!(
        (answered.status.as_u16(), fields(&answered).len()),
        (400, 7)
    );
}

#[tokio::test]
async fn wrong_types_are_refused_and_null_where_gitlab_sends_it_is_not() {
    let app = TestApp::new();
    for (field, value, status) in [
        ("build_status", json!(1), 400),
        ("build_status", json!(null), 400),
        ("build_status", json!("brand_new_status"), 200),
        ("build_stage", json!([]), 400),
        ("build_id", json!("90210"), 400),
        ("build_id", json!(1.5), 400),
        ("build_id", json!(-1), 200),
        ("build_id", json!(9_007_199_254_740_993_i64), 200),
        ("build_started_at", json!(0), 400),
        ("build_started_at", json!(null), 200),
        ("build_finished_at", json!(false), 400),
        ("build_finished_at", json!(null), 200),
        ("ref", json!(null), 400),
        ("ref", json!({}), 400),
        ("ref", json!("a/b \" ' \\ \n \u{0} 🦀"), 200),
        ("runner", json!(null), 200),
        ("runner", json!("name"), 400),
        ("runner", json!({"description": 1}), 400),
        ("build_duration", json!("long"), 200),
        ("pipeline_id", json!({}), 200),
        ("project", json!(null), 200),
        ("user", json!({"email": 1}), 200),
        ("build_failure_reason", json!("reason_of_tomorrow"), 200),
        ("build_stage", json!("s".repeat(10_000)), 400),
    ] {
        let answered = app.collect(with(field, value.clone())).await;
        assert_eq!(
            answered.status.as_u16(),
            status,
            "{field} = {value}: {:?}",
            answered.body
        );
    }
    for field in [
        "build_started_at",
        "build_finished_at",
        "runner",
        "build_id",
        "ref",
    ] {
        assert_eq!(app.collect(without(field)).await.status, 400, "{field}");
    }
}

#[tokio::test]
async fn a_time_that_cannot_be_read_is_accepted_with_a_warning() {
    let app = TestApp::new();
    let answered = app
        .collect(with("build_started_at", json!("yesterday, around noon")))
        .await;
    assert_eq!(answered.body["status"], "accepted");
    assert!(
        answered.body["warning"]
            .as_str()
            .unwrap()
            .contains("build_started_at")
    );
    let event = app.only_event("build.reported").await;
    assert!(event.get("started_at").is_none());
    assert_eq!(event["body"]["build_started_at"], "yesterday, around noon");
}

#[tokio::test]
async fn every_status_of_a_build_is_appended() {
    let app = TestApp::new();
    for status in [
        "created", "pending", "running", "success", "failed", "canceled", "skipped", "manual",
    ] {
        let answered = app.collect(with("build_status", json!(status))).await;
        assert_eq!(answered.body["status"], "accepted", "{status}");
    }
    assert_eq!(app.events("build.reported").await.len(), 8);
}

#[tokio::test]
async fn the_same_delivery_is_a_duplicate_with_the_first_ones_place() {
    let app = TestApp::new();
    let send = async |key: Option<&str>, body: String| {
        let mut request = hook();
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        app.send(request.body(Body::from(body)).unwrap()).await.body
    };
    let first = send(Some("k1"), job().to_string()).await;
    let running = with("build_status", json!("running"));
    for (key, body, status) in [
        (Some("k1"), job().to_string(), "duplicate"),
        // The key names the delivery, whatever is in it.
        (Some("k1"), running.clone(), "duplicate"),
        (Some("k1"), with("build_id", json!(7)), "duplicate"),
        (Some("k2"), job().to_string(), "accepted"),
        (None, job().to_string(), "accepted"),
        (None, job().to_string(), "duplicate"),
        // Only build, status, times and runner make a delivery without a key this one.
        (None, with("build_duration", json!(1)), "duplicate"),
        (
            None,
            with("runner", json!({"description": "another"})),
            "accepted",
        ),
        (None, with("build_finished_at", json!(null)), "accepted"),
        (None, running, "accepted"),
    ] {
        let answer = send(key, body.clone()).await;
        assert_eq!(answer["status"], status, "{key:?} {body}");
        if key == Some("k1") {
            assert_eq!(
                (&answer["event_id"], &answer["position"]),
                (&first["event_id"], &first["position"])
            );
        }
    }
    assert_eq!(app.events("build").await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_exactly_one_is_accepted() {
    let app = TestApp::new();
    for key in [None, Some("key")] {
        let before = app.events("build").await.len();
        let requests = (0..50).map(|_| {
            let mut request = hook();
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            app.send(request.body(Body::from(job().to_string())).unwrap())
        });
        let answers = join_all(requests).await;
        let accepted = answers
            .iter()
            .filter(|answer| answer.body["status"] == "accepted")
            .count();
        let duplicates = answers
            .iter()
            .filter(|answer| answer.body["status"] == "duplicate")
            .count();
        assert_eq!((accepted, duplicates), (1, 49), "{key:?}");
        assert_eq!(app.events("build").await.len(), before + 1, "{key:?}");
    }
}

#[tokio::test]
async fn gzip_is_unpacked_within_the_limit() {
    let app = TestApp::new();
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let spaces = vec![b' '; 10_000_000];
    for (encoding, body, status) in [
        ("gzip", gzip(job().to_string().as_bytes()), 200),
        ("gzip", gzip(&spaces), 413),
        ("gzip", b"plain".to_vec(), 400),
        ("br", b"plain".to_vec(), 415),
    ] {
        let request = hook()
            .header("content-encoding", encoding)
            .body(Body::from(body))
            .unwrap();
        assert_eq!(
            app.send(request).await.status.as_u16(),
            status,
            "{encoding}"
        );
    }
    assert_eq!(app.events("build").await.len(), 1);
}

#[tokio::test]
async fn other_methods_are_not_known_here() {
    let app = TestApp::new();
    let answered = app.get("/v1/collect").await;
    assert_eq!(answered.status, 405);
    assert_eq!(answered.headers["allow"], "POST");
    assert_eq!(answered.body["status"], 405);
}

#[tokio::test]
async fn a_refused_body_is_taken_once_the_hook_is_mended() {
    let app = TestApp::new();
    let kept = |body: String| web::KeptBody {
        source: "default".to_owned(),
        headers: vec![("idempotency-key".to_owned(), "k".to_owned())],
        body: body.into(),
        metadata: domain::Metadata::default(),
    };
    use web::Resubmit;

    let taker = Taker;
    let refused = taker
        .resubmit(&app.app, kept("{}".to_owned()))
        .await
        .unwrap_err();
    assert_eq!((refused.status, refused.errors.len()), (400, 7));
    let taken = taker
        .resubmit(&app.app, kept(job().to_string()))
        .await
        .unwrap();
    assert!(!taken.duplicate);
    let request = hook()
        .header("idempotency-key", "k")
        .body(Body::from(job().to_string()))
        .unwrap();
    let again = app.send(request).await;
    assert_eq!(again.body["status"], "duplicate");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_arrives_is_never_our_fault(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        kind in proptest::option::of("[ -~]{0,20}"),
        key in proptest::option::of("[ -~]{0,200}"),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let app = TestApp::new();
            let mut request = Request::post("/v1/collect").header("x-gitlab-token", TOKEN);
            request = request.header("x-gitlab-event", kind.as_deref().unwrap_or("Job Hook"));
            if let Some(key) = &key {
                request = request.header("idempotency-key", key);
            }
            let answered = app.send(request.body(Body::from(body)).unwrap()).await;
            prop_assert!(answered.status.as_u16() < 500, "{:?}", answered);
            Ok(())
        })?;
    }

    #[test]
    fn no_field_value_is_answered_with_5xx(
        field in "build_status|build_stage|build_id|build_started_at|build_finished_at|ref|runner|project|build_name",
        text in ".{0,100}",
        number in any::<f64>(),
        form in 0..4,
    ) {
        let value = match form {
            0 => json!(text),
            1 => json!(number),
            2 => json!({"description": text, "path_with_namespace": number, "id": text}),
            _ => json!([text, number]),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let answered = TestApp::new().collect(with(&field, value)).await;
            prop_assert!(answered.status.as_u16() < 500, "{:?}", answered);
            Ok(())
        })?;
    }
}
