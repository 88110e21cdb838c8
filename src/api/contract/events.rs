use futures::StreamExt;
use http_body_util::BodyExt;

use super::*;

/// Opens a stream of events and reads its next piece that is no heartbeat.
async fn pieces(app: &TestApp, target: &str, last: Option<&str>, count: usize) -> Vec<String> {
    let mut request = Request::get(target)
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = app
        .router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let pieces = response.into_body().into_data_stream().take(count);
    pieces
        .map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap())
        .collect()
        .await
}

#[tokio::test]
async fn pages_show_every_event_once_in_both_directions() {
    let app = TestApp::new().await;
    for number in 0..20 {
        app.report(number, "running").await;
    }
    let head = app.app.commands.head().0;
    for order in ["asc", "desc"] {
        let mut seen = Vec::new();
        // An empty cursor is the beginning, as in every other list.
        let mut cursor = "&cursor=".to_owned();
        loop {
            let answered = app
                .get(&format!("/v1/events?order={order}&limit=7{cursor}"))
                .await;
            assert_eq!(answered.headers["tallyman-position"], head.to_string());
            assert!(items(&answered, "position").len() <= 7);
            seen.extend(
                items(&answered, "position")
                    .into_iter()
                    .map(|at| at.as_u64().unwrap()),
            );
            match answered.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if order == "desc" {
            seen.reverse();
        }
        assert_eq!(seen, (1..=head).collect::<Vec<_>>(), "{order}");
    }
}

#[tokio::test]
async fn filters_admit_what_they_say() {
    let app = TestApp::new().await;
    let first = app.report(1, "running").await;
    app.report(2, "running").await;
    for (query, count) in [
        ("stream=build-default:1", 1),
        ("category=build", 2),
        ("category=build,token", 5),
        ("type=token.issued", 3),
        ("type=build.*", 2),
        ("dialect=gantry", 2),
        ("actor=unknown", 0),
        ("since=2026-11-21T07:00:00Z", 5),
        ("since=2026-11-21T07:00:01Z", 0),
        ("until=2026-11-21T07:00:00Z", 0),
        ("until=2026-11-21T07:00:01Z", 5),
        (&format!("after={first}"), 1),
        (&format!("before={first}"), 3),
    ] {
        let answered = app.get(&format!("/v1/events?{query}")).await;
        assert_eq!(items(&answered, "id").len(), count, "{query}");
    }
}

#[tokio::test]
async fn an_event_is_shown_byte_for_byte() {
    let app = TestApp::new().await;
    let position = app.report(1, "running").await;
    let request = Request::get(format!("/v1/events/{position}"))
        .header("authorization", format!("Bearer {READER}"))
        .body(Body::empty())
        .unwrap();
    let response = app.router.clone().oneshot(request).await.unwrap();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&text).contains(r#"{"big":  9007199254740993}"#));
    assert_eq!(app.get("/v1/events/99999").await.status, 404);
    assert_eq!(app.get("/v1/events/0").await.status, 404);
    assert_eq!(app.get("/v1/events/x").await.status, 400);
}

#[tokio::test]
async fn a_stream_comes_in_pages_of_revisions() {
    let app = TestApp::new().await;
    for status in ["created", "pending", "running"] {
        app.report(1, status).await;
    }
    let answered = app.get("/v1/streams/build-default:1?limit=2").await;
    assert_eq!(items(&answered, "revision"), [0, 1]);
    assert_eq!(answered.body["next"], "2");
    let answered = app.get("/v1/streams/build-default:1?from=2").await;
    assert_eq!(
        (items(&answered, "revision"), &answered.body["next"]),
        (vec![&json!(2)], &Value::Null)
    );
    assert_eq!(
        app.get("/v1/streams/build-default:1?from=9").await.status,
        200
    );
    assert_eq!(app.get("/v1/streams/build-default:7").await.status, 404);
    assert_eq!(app.get("/v1/streams/nonsense").await.status, 400);
    let same = app.get("/v1/builds/1/history").await;
    assert_eq!(items(&same, "revision"), [0, 1, 2]);
}

#[tokio::test]
async fn lines_hold_every_event_that_matches() {
    let app = TestApp::new().await;
    for number in 0..1500 {
        let report = app.report(number, "running");
        report.await;
    }
    for (query, count) in [
        ("category=build", 1500),
        ("category=build&limit=1100", 1100),
        ("category=mail", 0),
    ] {
        let request = Request::get(format!("/v1/events?{query}"))
            .header("authorization", format!("Bearer {READER}"))
            .header("accept", "application/x-ndjson");
        let answered = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.headers["content-type"], "application/x-ndjson");
        let text = answered.body.as_str().unwrap_or_default();
        assert_eq!(text.lines().count(), count, "{query}");
        for line in text.lines() {
            serde_json::from_str::<Value>(line).unwrap();
        }
    }
}

#[tokio::test]
async fn a_live_stream_resumes_after_what_was_seen_last() {
    let app = TestApp::new().await;
    let first = app.report(1, "running").await;
    let second = app.report(2, "running").await;
    let seen = pieces(&app, "/v1/events?type=build.*", Some(&first.to_string()), 1).await;
    assert!(seen[0].contains(&format!("id: {second}\n")), "{seen:?}");
    assert!(seen[0].contains("event: build.reported\n"), "{seen:?}");
    let seen = pieces(&app, "/v1/events?after=0&dialect=gantry", None, 2).await;
    assert!(seen[0].contains("build-default:1") && seen[1].contains("build-default:2"));
}

#[tokio::test]
async fn a_live_stream_begins_with_what_comes_and_ends_with_the_server() {
    let app = TestApp::new().await;
    app.report(1, "running").await;
    let (seen, _) = tokio::join!(pieces(&app, "/v1/events", None, 1), async {
        while app.app.streams_open() == 0 {
            tokio::task::yield_now().await;
        }
        app.report(2, "running").await;
    });
    assert!(seen[0].contains("build-default:2"), "{seen:?}");
    // The task of a stream that was left notices that a moment later.
    while app.app.streams_open() > 0 {
        tokio::task::yield_now().await;
    }
    // Only what the question admits is sent.
    let of_admin = format!("/v1/events?actor={ADMIN}");
    let (seen, _) = tokio::join!(pieces(&app, &of_admin, None, 1), async {
        while app.app.streams_open() == 0 {
            tokio::task::yield_now().await;
        }
        app.report(3, "running").await;
        let token = json!({"name": "by hand", "role": "reader"});
        app.post("/v1/tokens", Some(token)).await;
    });
    assert!(seen[0].contains("by hand"), "{seen:?}");
    for endless in ["order=desc", "until=2026-11-21T08:00:00Z", "before=9"] {
        let request = Request::get(format!("/v1/events?{endless}"))
            .header("authorization", format!("Bearer {READER}"))
            .header("accept", "text/event-stream");
        let refused = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status, 400, "{endless}");
    }
    while app.app.streams_open() > 0 {
        tokio::task::yield_now().await;
    }
    let (seen, ()) = tokio::join!(pieces(&app, "/v1/events", None, 1), async {
        while app.app.streams_open() == 0 {
            tokio::task::yield_now().await;
        }
        app.app.close();
    });
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn there_are_no_more_streams_than_there_may_be() {
    let mut settings = Settings::default();
    settings.limits.streams_max = 1;
    let app = TestApp::with(settings).await;
    let open = || {
        let request = Request::get("/v1/events")
            .header("authorization", format!("Bearer {READER}"))
            .header("accept", "text/event-stream");
        app.router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
    };
    let first = open().await.unwrap();
    let second = open().await.unwrap();
    assert_eq!(second.status(), 503);
    assert_eq!(second.headers()["retry-after"], "5");
    drop(first);
    while app.app.streams_open() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(open().await.unwrap().status(), 200);
}
