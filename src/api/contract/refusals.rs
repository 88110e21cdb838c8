use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn every_refusal_is_a_problem_that_names_its_request() {
    let app = TestApp::new().await;
    for (method, target, status) in [
        ("GET", "/nothing/here", 404),
        ("GET", "/", 404),
        ("PATCH", "/v1/builds", 405),
        ("GET", "/v1/builds?limit=0", 400),
        ("GET", "/v1/builds?limit=1001", 400),
        ("GET", "/v1/builds?limit=x", 400),
        ("GET", "/v1/builds?limit=-1", 400),
        ("GET", "/v1/builds?stauts=success", 400),
        ("GET", "/v1/builds?since=yesterday", 400),
        ("GET", "/v1/builds?cursor=!!", 400),
        ("GET", "/v1/builds?order=up", 400),
        ("GET", "/v1/builds?collection=lost", 400),
        ("GET", "/v1/events?order=up", 400),
        ("GET", "/v1/events?cursor=AA", 400),
        ("GET", "/v1/events?stream=nonsense", 400),
        ("GET", "/v1/events?after=x", 400),
        ("GET", "/v1/packages?sort=size", 400),
        ("GET", "/v1/packages?sort=builds&starts_with=a", 400),
        ("GET", "/v1/pulse?hours=0", 400),
        ("GET", "/v1/collections?state=lost", 400),
        ("GET", "/v1/builds/%00", 400),
        ("GET", "/v1/builds/%ff", 400),
        ("GET", "/v1/streams/build-%00", 400),
        ("GET", "/v1/allocation/explain", 400),
        ("GET", "/v1/allocation/explain?spec=hi", 400),
        (
            "GET",
            "/v1/allocation/explain?spec=a@1%20%2Bx%20arch=x%25gcc@1&strategy=guess",
            400,
        ),
        ("GET", "/v1/allocation/accuracy?by=moon", 400),
        ("GET", "/v1/allocation/accuracy?strategy=guess", 400),
        ("GET", "/v1/allocation/accuracy?limit=0", 400),
        ("GET", "/v1/allocation/models/%ff", 400),
        ("GET", "/v1/allocation/models/unknown", 404),
        ("POST", "/v1/allocation/models/unknown/promote", 404),
        ("POST", "/v1/allocation/rollback", 409),
        ("POST", "/v1/tokens", 415),
    ] {
        let answered = app.ask(method, target, Some(ADMIN), None).await;
        assert_eq!(
            answered.status.as_u16(),
            status,
            "{method} {target}: {answered:?}"
        );
        assert_eq!(
            answered.headers["content-type"], "application/problem+json",
            "{target}"
        );
        assert_eq!(answered.body["status"], status, "{target}");
        assert!(
            answered.body["type"]
                .as_str()
                .unwrap()
                .starts_with("urn:tallyman:problem:"),
            "{target}"
        );
        let trace = answered.body["trace_id"].as_str().unwrap();
        assert!(
            answered.headers["traceparent"]
                .to_str()
                .unwrap()
                .contains(trace),
            "{target}"
        );
        assert!(answered.body["detail"].is_string(), "{target}");
    }
}

/// An empty list is not read as an object without fields.
#[tokio::test]
async fn a_list_is_no_body() {
    let app = TestApp::new().await;
    for target in [
        "/v1/allocation/retrain",
        "/v1/builds/1/collect",
        "/v1/runs/1/end",
        "/v1/tokens",
        "/v1/jobs",
        "/v1/apply",
    ] {
        for body in [json!([]), json!(["because"])] {
            let answered = app.ask("POST", target, Some(ADMIN), Some(body)).await;
            assert_eq!(answered.status, 400, "{target}: {answered:?}");
        }
    }
}

#[tokio::test]
async fn ids_of_ten_kilobytes_are_the_callers_fault() {
    let app = TestApp::new().await;
    let long = "x".repeat(10_000);
    for target in [
        "/v1/builds/",
        "/v1/streams/build-",
        "/v1/tokens/",
        "/v1/packages/",
        "/v1/events?actor=",
    ] {
        assert_eq!(
            app.get(&format!("{target}{long}")).await.status,
            414,
            "{target}"
        );
    }
    let long = "x".repeat(8_000);
    for target in [
        "/v1/builds/",
        "/v1/streams/build-",
        "/v1/tokens/",
        "/v1/packages/",
        "/v1/audit/bodies/",
        "/v1/nodes/",
    ] {
        let status = app.get(&format!("{target}{long}")).await.status;
        assert!(status.is_client_error(), "{target}: {status}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_in_size_and_depth() {
    let app = TestApp::new().await;
    let send = async |body: String| {
        let request = Request::post("/v1/tokens")
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("content-type", "application/json; charset=utf-8");
        app.send(request.body(Body::from(body)).unwrap())
            .await
            .status
            .as_u16()
    };
    for (body, status) in [
        (" ".repeat(2 << 20), 413),
        ("[".repeat(100_000), 400),
        (String::new(), 400),
        ("{".to_owned(), 400),
        ("{\"name\": \"\u{0}\"}".to_owned(), 400),
    ] {
        assert_eq!(
            send(body.clone()).await,
            status,
            "{}",
            &body[..body.len().min(20)]
        );
    }
}

#[tokio::test]
async fn a_healthy_app_is_ready() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/healthz").await.body["status"], "ok");
    let ready = app.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.body["ready"]),
        (200, &json!(true))
    );
    let info = app.get("/v1/info").await;
    assert_eq!(
        (&info.body["writable"], &info.body["head"]),
        (&json!(true), &json!(3))
    );
}

#[tokio::test]
async fn an_explanation_gives_the_answer_and_its_reason() {
    let app = TestApp::new().await;
    let answered = app
        .get("/v1/allocation/explain?spec=emacs@29.2%20+json%20arch=x%25gcc@12")
        .await;
    assert_eq!(
        answered.body["variables"]["KUBERNETES_MEMORY_REQUEST"], "2000M",
        "{answered:?}"
    );
    assert_eq!(answered.body["learnt_to"], 0);
    assert!(answered.body["strategy"].is_string());
    assert!(!answered.body["reason"].as_str().unwrap().is_empty());
    assert_eq!(app.get("/v1/allocation/models").await.body[0]["learnt"], 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_request_is_answered_with_5xx(
        route in "builds|runs|run-logs|events|streams|usage|packages|nodes|tokens|audit|audit/bodies|operations|projections|collections|allocation/explain|allocation/models|allocation/accuracy|pulse",
        rest in "(/[!-~]{0,30})?",
        query in "[!-~]{0,60}",
        accept in "application/json|application/x-ndjson|x",
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let app = TestApp::new().await;
            let request = Request::get(format!("/v1/{route}{rest}?{query}"))
                .header("accept", accept)
                .header("authorization", format!("Bearer {ADMIN}"))
                .body(Body::empty());
            if let Ok(request) = request {
                let answered = app.send(request).await;
                prop_assert!(answered.status.as_u16() < 500, "{:?}", answered);
            }
            Ok(())
        })?;
    }
}
