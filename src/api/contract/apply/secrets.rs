//! Missing secrets are generated, and shown only once.

use super::*;

#[tokio::test]
async fn missing_secrets_are_generated_and_shown_once() {
    let app = TestApp::new().await;
    let document =
        json!({"workers": [{"title": "Worker 1"}, {"title": "Worker 2", "api_key": "given"}]});
    let reply = ok(app
        .post("/v1/apply?dry_run=true", Some(document.clone()))
        .await);
    assert_eq!(reply["objects"]["workers"]["Worker 1"].get("secret"), None);
    assert_eq!(reply["objects"]["workers"]["Worker 1"].get("api_key"), None);
    assert_eq!(reply["objects"]["workers"]["Worker 2"]["api_key"], "given");

    let applied = ok(app.apply(&document).await);
    let worker = &applied["objects"]["workers"]["Worker 1"];
    let secret = worker["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 43);
    let key = worker["api_key"].as_str().unwrap();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    assert!(!key.is_empty() && key.chars().all(plain), "{key}");
    let again = ok(app.apply(&document).await);
    assert_eq!(again["objects"]["workers"]["Worker 1"]["api_key"], key);
    assert_eq!(again["objects"]["workers"]["Worker 1"].get("secret"), None);
    assert_eq!(again["changed"], false);
    assert!(!app.everything().await.contains(secret));
}

#[tokio::test]
async fn no_secret_is_ever_told_again() {
    let app = TestApp::new().await;
    let applied = ok(app.apply(&farm()).await).to_string();
    let everything = app.everything().await;
    for secret in ["verysecret", "correct horse"] {
        assert!(!applied.contains(secret), "{applied}");
        assert!(!everything.contains(secret), "{secret}");
    }
    for path in ["/v1/users/1", "/v1/workers/1", "/v1/users", "/v1/workers"] {
        let shown = ok(app.get(path).await).to_string();
        for secret in ["sealed:", "argon2", "\"secret\"", "password"] {
            assert!(!shown.contains(secret), "{path}: {shown}");
        }
    }
    // Not even when it is wrong.
    for document in [
        json!({"users": [{"username": "x", "password": 12_345_678}]}),
        json!({"users": [{"username": "x", "password": ["12345678"]}]}),
        json!({"users": [{"username": "x", "password": "12345678".repeat(200)}]}),
        json!({"workers": [{"title": "x", "secret": 12_345_678, "sekret": "12345678"}]}),
    ] {
        let refused = app.apply(&document).await;
        assert_eq!(refused.status, 400, "{document}");
        assert!(
            !refused.body.to_string().contains("12345678"),
            "{refused:?}"
        );
    }
}
