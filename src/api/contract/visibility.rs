//! Which events a caller sees, and what of them; where positions beyond the log are refused.

use super::*;

/// Requests a page, lines and a live stream's beginning, and returns what each showed.
async fn shown(app: &TestApp, token: &str, query: &str) -> Vec<(StatusCode, String)> {
    let mut shown = Vec::new();
    for accept in ["application/json", "application/x-ndjson"] {
        let request = Request::get(format!("/v1/events?limit=100{query}"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", accept);
        let answered = app.send(request.body(Body::empty()).unwrap()).await;
        shown.push((answered.status, answered.body.to_string()));
    }
    shown
}

/// A reader saw who has which token, with its hash, and whatever auditors see.
#[tokio::test]
async fn events_are_seen_by_those_who_see_their_resource() {
    let app = TestApp::new().await;
    app.token("tally_events", Role::Admin, &["events:read"])
        .await;
    app.report(1, "running").await;
    let rebuild = "/v1/projections/nodes/rebuild";
    let started = app.ask("POST", rebuild, Some(OPERATOR), None).await;
    assert_eq!(started.status, 202, "this is an event of the audit");
    let head = app.app.commands.head();
    let noted = app.app.views.history().get(head).await.unwrap().unwrap();
    assert_eq!(noted.stream.category(), "audit");

    for (token, tokens, audit) in [
        (READER, false, false),
        (OPERATOR, false, true),
        (ADMIN, true, true),
        ("tally_events", false, false),
    ] {
        for (status, body) in shown(&app, token, "").await {
            assert_eq!(status, 200, "{token}");
            assert!(body.contains("build.reported"), "{token}");
            assert_eq!(body.contains("token.issued"), tokens, "{token}");
            assert_eq!(body.contains("audit.operation_started"), audit, "{token}");
        }
        let allowed = |may: bool| if may { 200 } else { 403 };
        for (target, may) in [
            ("/v1/streams/token-tally_admin".to_owned(), tokens),
            ("/v1/events/1".to_owned(), tokens),
            ("/v1/events?category=token".to_owned(), tokens),
            ("/v1/events?type=token.issued".to_owned(), tokens),
            ("/v1/events?stream=token-tally_admin".to_owned(), tokens),
            (format!("/v1/streams/{}", noted.stream), audit),
            (format!("/v1/events/{head}"), audit),
            ("/v1/events?category=build,audit".to_owned(), audit),
            ("/v1/events?type=audit.*".to_owned(), audit),
            ("/v1/events?category=build".to_owned(), true),
            ("/v1/streams/build-default:1".to_owned(), true),
        ] {
            let answered = app.ask("GET", &target, Some(token), None).await;
            assert_eq!(answered.status, allowed(may), "{token} {target}");
        }
        let request = Request::get("/v1/events?after=0")
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "text/event-stream");
        let live = app
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap());
        let mut live = live.await.unwrap().into_body().into_data_stream();
        let first = futures::StreamExt::next(&mut live).await.unwrap().unwrap();
        let first = String::from_utf8_lossy(&first).into_owned();
        assert_eq!(first.contains("token.issued"), tokens, "{token}: {first}");
    }
}

/// Whatever the role: the log has to know them, and no reader of it.
#[tokio::test]
async fn no_answer_shows_a_password_a_secret_or_the_hash_of_a_token() {
    let app = TestApp::new().await;
    let user = json!({"username": "ann", "password": "correct horse battery"});
    let made = app.post("/v1/users", Some(user)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let worker = json!({"title": "w"});
    let made = app.post("/v1/workers", Some(worker)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let mut answers = shown(&app, ADMIN, "").await;
    for position in 1..=app.app.commands.head().0 {
        let one = app.get(&format!("/v1/events/{position}")).await;
        answers.push((one.status, one.body.to_string()));
    }
    for stream in ["user-1", "worker-1", "token-tally_admin"] {
        let one = app.get(&format!("/v1/streams/{stream}")).await;
        assert_eq!(one.status, 200, "{stream}");
        answers.push((one.status, one.body.to_string()));
    }
    let hash = secret::token_hash(ADMIN);
    let all: String = answers.into_iter().map(|(_, body)| body).collect();
    for shown in [
        "user.created",
        "worker.registered",
        "token.issued",
        "(hidden)",
    ] {
        assert!(all.contains(shown), "{shown}");
    }
    for hidden in ["$argon2", "sealed:", hash.as_str()] {
        assert!(!all.contains(hidden), "{hidden}");
    }
}

/// Nothing ever matches behind the end of the log, and a reader that waited there got nothing for
/// ever.
#[tokio::test]
async fn a_position_beyond_the_log_is_refused_with_its_head() {
    let app = TestApp::new().await;
    app.report(1, "running").await;
    let head = app.app.commands.head().0;
    let beyond = head + 1;
    for target in [
        format!("/v1/events?after={beyond}"),
        format!("/v1/builds/1?as_of={beyond}"),
        format!("/v1/runs/1?as_of={beyond}"),
        format!("/v1/jobs/1?as_of={beyond}"),
        format!("/v1/nodes/x?as_of={beyond}"),
        format!("/v1/usage/1?as_of={beyond}"),
        format!("/v1/tokens/x?as_of={beyond}"),
    ] {
        let refused = app.get(&target).await;
        assert_eq!(refused.status, 400, "{target}");
        let said = refused.body["errors"][0]["message"].to_string();
        assert!(said.contains(&format!("end of the log, {head}")), "{said}");
        let there = target.replace(&beyond.to_string(), &head.to_string());
        assert_ne!(app.get(&there).await.status, 400, "{there}");
    }
    let missing = app.get(&format!("/v1/events/{beyond}")).await;
    assert_eq!(missing.status, 404);
    let said = missing.body["detail"].to_string();
    assert!(said.contains(&format!("ends at {head}")), "{said}");
    for (target, last) in [
        (format!("/v1/events?after={beyond}"), None),
        ("/v1/events".to_owned(), Some(beyond)),
        (format!("/v1/runs/events?after={beyond}"), None),
        ("/v1/runs/events".to_owned(), Some(beyond)),
    ] {
        let mut request = Request::get(&target)
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let refused = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status, 400, "{target} {last:?}");
        assert!(
            refused.body["detail"]
                .to_string()
                .contains(&head.to_string())
        );
    }
}
