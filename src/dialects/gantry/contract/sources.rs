use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;

const SIGNING_TOKEN: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::test]
async fn the_token_identifies_the_source() {
    let app = TestApp::with(vec![
        source("default", &["old", "new"]),
        source("lab", &["third"]),
    ]);
    for (token, stream) in [
        ("old", "build-default:1"),
        ("new", "build-default:2"),
        ("third", "build-lab:3"),
    ] {
        let number = stream.rsplit_once(':').unwrap().1.parse::<i64>().unwrap();
        let request = Request::post("/collect")
            .header("x-gitlab-token", token)
            .header("x-gitlab-event", "Job Hook");
        let body = Body::from(with("build_id", json!(number)));
        assert_eq!(
            app.send(request.body(body).unwrap()).await.status,
            200,
            "{token}"
        );
        let last = app.events("build").await.pop().unwrap();
        assert_eq!(last.stream.as_str(), stream);
        let metadata: Value = serde_json::from_slice(&last.metadata).unwrap();
        assert_eq!(metadata["actor"]["kind"], "source");
        assert_eq!(metadata["dialect"], "gantry");
    }
}

#[tokio::test]
async fn without_any_credential_configured_every_request_is_refused() {
    let app = TestApp::with(vec![source("default", &[""])]);
    let request = Request::post("/collect").header("x-gitlab-token", "");
    assert_eq!(
        app.send(request.body(Body::empty()).unwrap()).await.status,
        401
    );
}

#[tokio::test]
async fn a_signed_delivery_needs_no_token() {
    let signing = |tolerance| Source {
        name: "signed".to_owned(),
        signing_tokens: vec![SIGNING_TOKEN.into()],
        signature_tolerance: tolerance,
        ..Source::default()
    };
    let forever = Some(Duration::ZERO);
    for (tolerance, timestamp, body, status) in [
        (
            None,
            "1795244400",
            r#"{"object_kind":"build","build_id":90210}"#,
            400,
        ),
        (None, "1795244400", "{}", 401),
        (
            None,
            "1795240000",
            r#"{"object_kind":"build","build_id":90210}"#,
            401,
        ),
        (
            forever,
            "1795240000",
            r#"{"object_kind":"build","build_id":90210}"#,
            401,
        ),
    ] {
        let app = TestApp::with(vec![source("default", &[TOKEN]), signing(tolerance)]);
        let request = Request::post("/v1/collect")
            .header("x-gitlab-event", "Job Hook")
            .header("webhook-id", "4f3c2a10-8f7e-4d6b-9c55-2b1a0e9d8c77")
            .header("webhook-timestamp", timestamp)
            .header(
                "webhook-signature",
                "v1,1xpNtsIL+9QJ7V66Dl/2QL9y6u+hnrX07A8WtASOsxA=",
            );
        let answered = app.send(request.body(Body::from(body)).unwrap()).await;
        // The signed body is no whole job hook: it got in, and was found wanting.
        assert_eq!(answered.status.as_u16(), status, "{timestamp} {body}");
        let expected = if status == 400 { 1 } else { 0 };
        assert_eq!(app.events("audit.body_refused").await.len(), expected);
    }
}

/// A signed delivery that was overheard could be sent again within five minutes under another
/// `Idempotency-Key`, and counted as a new one.
#[tokio::test]
async fn a_signed_delivery_is_known_by_the_name_that_is_signed() {
    let source = Source {
        name: "signed".to_owned(),
        signing_tokens: vec![SIGNING_TOKEN.into()],
        ..Source::default()
    };
    let app = TestApp::with(vec![source]);
    let body = job().to_string();
    let send = async |id: &str, key: Option<&str>| {
        let mut request = Request::post("/v1/collect")
            .header("x-gitlab-event", "Job Hook")
            .header("webhook-id", id)
            .header("webhook-timestamp", "1795244400")
            .header("webhook-signature", signature(id, "1795244400", &body));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        app.send(request.body(Body::from(body.clone())).unwrap())
            .await
    };
    let first = send("one", Some("one")).await;
    assert_eq!(
        (first.status.as_u16(), &first.body["status"]),
        (200, &json!("accepted"))
    );
    for key in [Some("two"), Some(""), None] {
        let again = send("one", key).await;
        assert_eq!(again.body["status"], "duplicate", "{key:?}");
        assert_eq!(again.body["event_id"], first.body["event_id"], "{key:?}");
    }
    // Another delivery has another name, whatever its body.
    assert_eq!(send("three", Some("one")).await.body["status"], "accepted");
    let reported = app.events("build.reported").await;
    assert_eq!(reported.len(), 2);
}

/// As GitLab signs: the name, the time and the body.
fn signature(id: &str, timestamp: &str, body: &str) -> String {
    let key = STANDARD
        .decode(SIGNING_TOKEN.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_signature_is_valid_for_five_minutes_by_default() {
    let body = r#"{"object_kind":"build","build_id":90210}"#;
    for (tolerance, now, status) in [
        (None, "2026-11-21T07:05:00Z", 400),
        (None, "2026-11-21T07:05:01Z", 401),
        (Some(Duration::from_secs(600)), "2026-11-21T07:10:00Z", 400),
        (Some(Duration::ZERO), "2036-11-21T07:00:00Z", 400),
    ] {
        let source = Source {
            name: "signed".to_owned(),
            signing_tokens: vec![SIGNING_TOKEN.into()],
            signature_tolerance: tolerance,
            ..Source::default()
        };
        let app = TestApp::with(vec![source]);
        app.app.commands.clock().set(now.parse().unwrap());
        let request = Request::post("/v1/collect")
            .header("x-gitlab-event", "Job Hook")
            .header("webhook-id", "4f3c2a10-8f7e-4d6b-9c55-2b1a0e9d8c77")
            .header("webhook-timestamp", "1795244400")
            .header(
                "webhook-signature",
                "v1,1xpNtsIL+9QJ7V66Dl/2QL9y6u+hnrX07A8WtASOsxA=",
            );
        let answered = app.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answered.status.as_u16(), status, "{tolerance:?} {now}");
    }
}

#[tokio::test]
async fn builds_of_two_instances_with_the_same_numbers_are_kept_apart() {
    let app = TestApp::new();
    let send = async |instance: &str, status: &str| {
        let request = hook().header("x-gitlab-instance", instance);
        let body = Body::from(with("build_status", json!(status)));
        app.send(request.body(body).unwrap()).await.body["status"].clone()
    };
    for (instance, status, expected) in [
        ("https://one.example", "running", "accepted"),
        ("https://two.example:8443/", "running", "accepted"),
        ("https://two.example:8443", "running", "duplicate"),
        ("https://two.example:8443/sub", "running", "accepted"),
        ("https://two.example:8443/sub", "success", "accepted"),
        ("https://one.example/", "success", "accepted"),
    ] {
        assert_eq!(
            send(instance, status).await,
            expected,
            "{instance} {status}"
        );
    }
    let streams: Vec<String> = app
        .events("build")
        .await
        .iter()
        .map(|event| event.stream.to_string())
        .collect();
    assert_eq!(streams[0], "build-default:90210");
    assert_eq!(streams[1], "build-default@two.example_8443:90210");
    assert!(streams[2].starts_with("build-default@") && streams[2] == streams[3]);
    assert_eq!(streams[4], streams[0]);
}

#[test]
fn a_signing_token_that_is_none_is_a_mistake_of_the_operator() {
    let source = Source {
        signing_tokens: vec!["secret".into()],
        ..Source::default()
    };
    let settings = Settings {
        sources: vec![source],
        ..Settings::default()
    };
    assert!(settings.check().is_err());
}
