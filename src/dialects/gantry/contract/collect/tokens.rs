//! Webhooks without the right token.

use super::*;

#[tokio::test]
async fn without_the_token_nothing_is_appended_but_a_note() {
    for (headers, what) in [
        (vec![], "missing"),
        (vec![("x-gitlab-token", "wrong")], "wrong"),
        (vec![("x-gitlab-token", "")], "empty"),
        (vec![("authorization", "Bearer let-me-in")], "elsewhere"),
    ] {
        let app = TestApp::new();
        let mut request = Request::post("/v1/collect").header("x-gitlab-event", "Job Hook");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answered = app
            .send(request.body(Body::from(job().to_string())).unwrap())
            .await;
        assert_eq!(answered.status, 401, "{what}");
        assert!(
            answered.body["detail"]
                .as_str()
                .unwrap()
                .contains("credential"),
            "{what}"
        );
        // The gate records refused writes after the answer, but not those that were recorded
        // already.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let events = app.events("").await;
        assert_eq!(events.len(), 1, "{what}");
        assert_eq!(
            events[0].event_type.as_str(),
            "audit.webhook_rejected",
            "{what}"
        );
        assert!(
            !String::from_utf8_lossy(&events[0].data).contains("wrong"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_flood_of_wrong_tokens_does_not_flood_the_log() {
    let app = TestApp::new();
    for _ in 0..200 {
        let request = Request::post("/collect").header("x-gitlab-token", "guess");
        assert_eq!(
            app.send(request.body(Body::empty()).unwrap()).await.status,
            401
        );
    }
    assert!(app.events("audit").await.len() < 50);
}

#[tokio::test]
async fn the_token_is_checked_before_the_size_and_the_size_before_the_form() {
    let app = TestApp::new();
    let big = || Body::from(vec![b'x'; 2 * 1024 * 1024]);
    let anonymous = Request::post("/v1/collect").body(big()).unwrap();
    assert_eq!(app.send(anonymous).await.status, 401);
    let answered = app.collect(big()).await;
    assert_eq!(answered.status, 413);
    assert_eq!(answered.body["type"], "urn:tallyman:problem:too-large");
    let other = Request::post("/v1/collect")
        .header("x-gitlab-token", TOKEN)
        .header("x-gitlab-event", "Push Hook")
        .body(Body::from("{"))
        .unwrap();
    assert_eq!(app.send(other).await.status, 400);
    assert!(app.events("audit.webhook_ignored").await.is_empty());
    assert!(app.events("build").await.is_empty());
}
