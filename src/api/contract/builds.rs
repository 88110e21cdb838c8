use super::*;

#[tokio::test]
async fn a_build_is_shown_as_it_stands_and_as_it_stood() {
    let app = TestApp::new().await;
    let then = app.report(7, "running").await;
    app.report(7, "success").await;
    let now = app.get("/v1/builds/default:7").await;
    assert_eq!(
        (&now.body["status"], &now.body["build_id"]),
        (&json!("success"), &json!(7))
    );
    assert_eq!(now.body["collection"]["state"], "queued");
    assert_eq!(
        now.headers["tallyman-position"],
        app.app.commands.head().to_string()
    );
    for (moment, expected) in [(then.to_string(), "running"), (NOW.to_owned(), "success")] {
        let past = app.get(&format!("/v1/builds/7?as_of={moment}")).await;
        assert_eq!(past.body["status"], expected, "{moment}");
    }
    assert_eq!(app.get("/v1/builds/7?as_of=1").await.status, 404);
    assert_eq!(app.get("/v1/builds/7?as_of=then").await.status, 400);
    assert_eq!(app.get("/v1/builds/8").await.status, 404);
    assert_eq!(app.get("/v1/builds/eight").await.status, 400);
}

#[tokio::test]
async fn a_collection_that_ended_without_usage_is_queued_once_more() {
    let app = TestApp::new().await;
    app.report(7, "success").await;
    let waiting = app.post("/v1/builds/7/collect", None).await;
    assert_eq!(
        (waiting.status.as_u16(), &waiting.body["requeued"]),
        (200, &json!(false))
    );
    let command = BuildCommand::AbandonCollection(domain::builds::build::CollectionAbandoned {
        collection: 1,
        attempts: 5,
        error: "no route to the cluster".to_owned(),
        at: app.clock.now(),
    });
    let done = app
        .app
        .commands
        .execute::<Build>("default:7", command, &Metadata::default())
        .await;
    app.seen(done.unwrap().position()).await;
    let listed = app.get("/v1/collections?state=abandoned").await;
    assert_eq!(items(&listed, "build"), ["default:7"]);
    for (narrowed, count) in [
        ("state=queued", 0),
        ("state=skipped", 0),
        ("reason=ghost", 0),
        ("since=2026-11-21T07:00:01Z", 0),
        ("until=2026-11-21T07:00:01Z", 1),
    ] {
        let found = app.get(&format!("/v1/collections?{narrowed}")).await;
        assert_eq!(items(&found, "build").len(), count, "{narrowed}");
    }
    let counts = app.get("/v1/collections/counts").await;
    assert_eq!(counts.body[0]["count"], 1);
    let body = json!({"reason": "the cluster is back"});
    let queued = app.post("/v1/builds/7/collect", Some(body)).await;
    assert_eq!(queued.body["requeued"], true);
    assert_eq!(queued.body["build"]["collection"]["collection"], 2);
    let last = app.get("/v1/events?order=desc&limit=1").await;
    let metadata = &last.body["items"][0]["metadata"];
    assert_eq!(metadata["reason"], "the cluster is back");
    assert_eq!(metadata["actor"]["id"], ADMIN);
    assert_eq!(app.post("/v1/builds/8/collect", None).await.status, 404);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let app = TestApp::new().await;
    for number in 0..5 {
        app.report(number, if number % 2 == 0 { "success" } else { "failed" })
            .await;
    }
    let answered = app.get("/v1/builds?status=success&limit=2").await;
    assert_eq!(items(&answered, "build_id"), [4, 2]);
    let next = answered.body["next"].as_str().unwrap();
    let rest = app
        .get(&format!("/v1/builds?status=success&limit=2&cursor={next}"))
        .await;
    assert_eq!(
        (items(&rest, "build_id"), &rest.body["next"]),
        (vec![&json!(0)], &Value::Null)
    );
    for (target, count) in [
        ("/v1/builds?package=emacs", 0),
        ("/v1/builds?order=finished&oldest_first=true", 5),
        ("/v1/usage", 0),
        ("/v1/packages?sort=memory_waste", 0),
        ("/v1/packages?starts_with=em", 0),
        ("/v1/nodes", 0),
        ("/v1/nodes?hostname=ip-10", 0),
        ("/v1/audit", 3),
        ("/v1/audit/bodies", 0),
        ("/v1/tokens", 3),
    ] {
        let answered = app.get(target).await;
        assert_eq!(answered.status, 200, "{target}: {answered:?}");
        assert_eq!(
            answered.body["items"].as_array().unwrap().len(),
            count,
            "{target}"
        );
        assert!(
            answered.headers.contains_key("tallyman-position"),
            "{target}"
        );
    }
    for target in [
        "/v1/packages/emacs",
        "/v1/usage/7",
        "/v1/nodes/no-such",
        "/v1/tokens/x",
    ] {
        assert_eq!(app.get(target).await.status, 404, "{target}");
    }
    for (field, known) in [
        ("source", "default"),
        ("ref", "develop"),
        ("stage", "stage-1"),
        ("status", "failed"),
        ("collection", "queued"),
        ("package", ""),
        ("hostname", ""),
        ("node", ""),
    ] {
        let of = async |value: &str| {
            let found = app.get(&format!("/v1/builds?{field}={value}")).await;
            found.body["items"].as_array().unwrap().len()
        };
        if !known.is_empty() {
            assert!(of(known).await >= 2, "{field}");
        }
        let unknown = if field == "collection" {
            "abandoned"
        } else {
            "unknown"
        };
        assert_eq!(of(unknown).await, 0, "{field}");
    }
    let pulse = app.get("/v1/pulse?hours=3").await;
    assert_eq!(pulse.body["hours"][0]["counts"]["reports"], 5, "{pulse:?}");
}

#[tokio::test]
async fn builds_are_listed_as_they_were_seen_ended_or_last_heard_of() {
    let app = TestApp::new().await;
    let began = app.clock.now();
    for (number, status, minutes) in [(1, "failed", 0), (2, "success", 1), (1, "success", 2)] {
        app.clock
            .set(began + jiff::SignedDuration::from_mins(minutes));
        app.report(number, status).await;
    }
    for (query, expected) in [
        ("", [2, 1]),
        ("?oldest_first=true", [1, 2]),
        ("?order=updated", [1, 2]),
        ("?order=finished", [1, 2]),
        ("?order=finished&oldest_first=true", [2, 1]),
    ] {
        let listed = app.get(&format!("/v1/builds{query}")).await;
        assert_eq!(items(&listed, "build_id"), expected, "{query}");
    }
    // From the second minute on, one had ended.
    for (query, count) in [
        ("since=2026-11-21T07:02:00Z", 1),
        ("until=2026-11-21T07:02:00Z", 1),
    ] {
        let listed = app.get(&format!("/v1/builds?order=finished&{query}")).await;
        assert_eq!(items(&listed, "build_id").len(), count, "{query}");
    }
}

#[tokio::test]
async fn an_answer_knows_at_least_what_was_asked_for() {
    let app = TestApp::new().await;
    let position = app.report(1, "running").await;
    let ask = async |min: String| {
        let request = Request::get("/v1/builds/1")
            .header("authorization", format!("Bearer {READER}"))
            .header("tallyman-min-position", min);
        app.send(request.body(Body::empty()).unwrap())
            .await
            .status
            .as_u16()
    };
    assert_eq!(ask(position.to_string()).await, 200);
    assert_eq!(ask("soon".to_owned()).await, 400);
}

#[tokio::test]
async fn a_position_that_never_comes_is_waited_for_no_longer_than_patience() {
    let mut settings = Settings::default();
    settings.limits.patience = std::time::Duration::from_millis(20);
    let app = TestApp::with(settings).await;
    let request = Request::get("/v1/info").header("tallyman-min-position", "99999");
    let answered = app.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answered.status, 503);
    assert_eq!(answered.headers["retry-after"], "1");
}

#[tokio::test]
async fn a_view_is_rebuilt_as_an_operation() {
    let app = TestApp::new().await;
    app.report(1, "running").await;
    let begun = app.post("/v1/projections/builds/rebuild", None).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let id: uuid::Uuid = begun.body["id"].as_str().unwrap().parse().unwrap();
    let mut state = app.app.operations.watch(id).unwrap();
    let ended = state
        .wait_for(|state| state.status != web::OperationStatus::Running)
        .await
        .unwrap()
        .clone();
    assert_eq!(ended.status, web::OperationStatus::Succeeded, "{ended:?}");
    let shown = app.get(&format!("/v1/operations/{id}")).await;
    assert_eq!(
        (&shown.body["status"], &shown.body["subject"]),
        (&json!("succeeded"), &json!("builds"))
    );
    assert_eq!(
        app.get("/v1/operations")
            .await
            .body
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let views = app.get("/v1/projections").await;
    assert!(
        views
            .body
            .as_array()
            .unwrap()
            .iter()
            .any(|view| view["name"] == "builds")
    );
    assert_eq!(
        app.post("/v1/projections/none/rebuild", None).await.status,
        404
    );
    assert_eq!(app.get("/v1/operations/no-id").await.status, 400);
    let request = Request::get(format!("/v1/operations/{id}"))
        .header("authorization", format!("Bearer {READER}"))
        .header("accept", "text/event-stream");
    let streamed = app.send(request.body(Body::empty()).unwrap()).await;
    assert!(
        streamed.body.as_str().unwrap().contains("succeeded"),
        "{streamed:?}"
    );
}
