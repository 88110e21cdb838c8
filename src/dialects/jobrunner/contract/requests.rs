//! Sections 2 and 3: addresses, methods, credentials and forms.

use super::*;

/// W: 3.1.
#[tokio::test]
async fn a_signed_request_is_let_in_and_nothing_else_is() {
    let app = TestApp::new().await;
    let target = "/api/v1/worker/";
    let right = "ApiKey worker1:15d65869ed6aef5f9347499af60221c0b1396b4b";
    for (name, value, status) in [
        ("authorization", right.to_owned(), 200),
        ("authorization", right.replace("ApiKey", "apikey"), 401),
        ("authorization", right.replace("ApiKey ", ""), 401),
        ("authorization", right.replace("15d65", "15D65"), 401),
        ("authorization", right.replace("worker1", "worker2"), 401),
        ("authorization", right.replace("worker1", "unknown"), 401),
        ("authorization", right.replace('4', "5"), 401),
        ("authorization", String::new(), 401),
        ("authorization", "Bearer x".to_owned(), 401),
        // The old document's name for the header.
        ("authentication", right.to_owned(), 401),
        ("x-nothing", String::new(), 401),
    ] {
        let request = Request::get(target).header(name, &value);
        let answered = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, status, "{name}: {value}");
        if status == 401 {
            assert_eq!(answered.text, "");
            assert_eq!(answered.header("www-authenticate"), "");
        }
    }
}

/// W: 3.1, the target is signed as it was sent.
#[tokio::test]
async fn the_raw_target_and_the_raw_body_are_signed() {
    let app = TestApp::new().await;
    for target in [
        "/api/v1/run/schema/?b=1&a=%2f%2F+x&&=&a",
        "/api/v1/worker/?x={a}'[é]",
        "/api/v1/worker/?",
        "/api/v1/worker/?api_key=worker%31",
    ] {
        assert_eq!(app.get(WORKER, target).await.status, 200, "{target}");
    }
    // Signed without the question mark, as the old server did.
    let digest = sign("verysecret", "GET", "/api/v1/worker/", b"");
    let request = Request::get("/api/v1/worker/?")
        .header("authorization", format!("ApiKey worker1:{digest}"));
    let answered = app.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answered.status, 200);
    // Another order of the same parameters is another target.
    let signed = request_signed_for("/api/v1/worker/?a=1&b=2", "/api/v1/worker/?b=2&a=1");
    assert_eq!(app.send(signed).await.status, 401);
    let body = br#"{ "concurrent_jobs":2,"x":"\u00e9" }"#;
    let answered = app
        .ask(WORKER, "PATCH", "/api/v1/worker/1/", &body[..])
        .await;
    assert_eq!(answered.status, 202);
}

fn request_signed_for(signed: &str, sent: &str) -> Request<Body> {
    let digest = sign("verysecret", "GET", signed, b"");
    Request::get(sent)
        .header("authorization", format!("ApiKey worker1:{digest}"))
        .body(Body::empty())
        .unwrap()
}

/// W: 3.1, on a real connection: nothing between the socket and the signature tidies the target up.
#[tokio::test]
async fn the_target_survives_the_wire() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let app = TestApp::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = app.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    for target in [
        "/api/v1/worker/",
        "/api/v1/worker/?",
        "/api/v1/worker/?x=%2f%2F+%20&&a=;'{}[]@!$*()~&x=é",
        "/api/v1/worker/?api_key=%77orker1",
    ] {
        let digest = sign("verysecret", "GET", target, b"");
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: farm\r\nConnection: close\r\n\
             Authorization: ApiKey worker1:{digest}\r\n\r\n"
        );
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{target}: {answer}");
        assert!(answer.contains("\"total_count\": 1}"), "{target}: {answer}");
    }
    server.abort();
}

/// W: 18.4. A request with the header is judged by the header.
#[tokio::test]
async fn a_session_does_not_make_up_for_a_wrong_signature() {
    let app = TestApp::new().await;
    let request = |header: Option<&str>| {
        let mut request = Request::get("/api/v1/worker/").header("test-user", 1);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(app.send(request(None)).await.status, 200);
    let wrong = "ApiKey worker1:0000000000000000000000000000000000000000";
    assert_eq!(app.send(request(Some(wrong))).await.status, 401);
}

/// O: 2.1 and 2.2.
#[tokio::test]
async fn the_index_needs_no_credential() {
    let app = TestApp::empty(Settings::default());
    let answered = app.get(As::Anonymous, "/api/v1/").await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.header("content-type"), "application/json");
    assert_eq!(answered.header("vary"), "Accept, Cookie");
    assert_eq!(answered.header("cache-control"), "no-cache");
    let group = r#"{"group": {"list_endpoint": "/api/v1/group/", "schema": "/api/v1/group/schema/"}, "job": "#;
    assert!(answered.text.starts_with(group), "{}", answered.text);
    assert_eq!(answered.json().as_object().unwrap().len(), 9);
}

/// 2.1.
#[tokio::test]
async fn a_missing_slash_is_shown_the_way() {
    let app = TestApp::empty(Settings::default());
    for (target, place) in [
        ("/api/v1", "/api/v1/"),
        ("/api/v1/run", "/api/v1/run/"),
        ("/api/v1/run?a=%2f&b", "/api/v1/run/?a=%2f&b"),
        ("/api/v1/run/7", "/api/v1/run/7/"),
        ("/api/v1/run/schema", "/api/v1/run/schema/"),
        ("/api/v1/run/set/1;2", "/api/v1/run/set/1;2/"),
    ] {
        let answered = app.get(As::Anonymous, target).await;
        assert_eq!(answered.status, 301, "{target}");
        let place = format!("http://127.0.0.1:8124{place}");
        assert_eq!(answered.header("location"), place, "{target}");
    }
    for target in [
        "/api/vi/run/",
        "/api/v1/worker-pools/1/",
        "/api/v1/nothing/",
        "/api/v1/nothing",
    ] {
        let answered = app.get(WORKER, target).await;
        assert_eq!(answered.status, 404, "{target}");
    }
}

/// 2.8 and 5.0: 405 needs no credential.
#[tokio::test]
async fn methods_come_before_credentials() {
    let app = TestApp::new().await;
    for (target, allow) in [
        ("/api/v1/", "GET"),
        ("/api/v1/group/", "GET"),
        ("/api/v1/project/1/", "GET"),
        ("/api/v1/worker_pool/1/", "GET"),
        ("/api/v1/job_template/99/", "GET"),
        ("/api/v1/worker/", "GET"),
        ("/api/v1/worker/1/", "GET,PATCH"),
        ("/api/v1/job/", "GET,POST"),
        ("/api/v1/job/1/", "GET,PUT,PATCH"),
        ("/api/v1/run/", "GET,POST"),
        ("/api/v1/run/1/", "GET,PATCH"),
        ("/api/v1/kill_request/", "GET,POST"),
        ("/api/v1/kill_request/1/", "GET,PATCH"),
        ("/api/v1/run_log/", "GET,POST"),
        ("/api/v1/run_log/1/", "GET,PATCH"),
        ("/api/v1/run/schema/", "GET"),
        ("/api/v1/run/set/1;2/", "GET"),
    ] {
        for (method, status) in [
            ("DELETE", 405),
            ("TRACE", 405),
            ("FROB", 405),
            ("OPTIONS", 200),
        ] {
            let answered = app.ask(As::Anonymous, method, target, "").await;
            assert_eq!(answered.status, status, "{method} {target}");
            assert_eq!(answered.header("allow"), allow, "{method} {target}");
            assert_eq!(answered.text, allow, "{method} {target}");
        }
        let answered = app.ask(As::Anonymous, "HEAD", target, "").await;
        assert_eq!(answered.status, 405, "HEAD {target}");
    }
}

/// O: 3.1.
#[tokio::test]
async fn a_post_may_mean_patch() {
    let app = TestApp::new().await;
    let body = r#"{"concurrent_jobs": 7}"#;
    let target = "/api/v1/worker/1/";
    let digest = sign("verysecret", "PATCH", target, body.as_bytes());
    let post = |meaning: Option<&str>| {
        let mut request = Request::post(target)
            .header("authorization", format!("ApiKey worker1:{digest}"))
            .header("content-type", "application/json; charset=utf-8");
        if let Some(meaning) = meaning {
            request = request.header("x-http-method-override", meaning);
        }
        request.body(Body::from(body)).unwrap()
    };
    assert_eq!(app.send(post(Some("PATCH"))).await.status, 202);
    assert_eq!(app.send(post(Some("DELETE"))).await.status, 405);
    assert_eq!(app.send(post(None)).await.status, 405);
    // Nothing but a POST means something else.
    let mut put = post(Some("PATCH"));
    *put.method_mut() = Method::PUT;
    assert_eq!(app.send(put).await.status, 405);
}

/// 2.3.
#[tokio::test]
async fn json_is_the_only_form() {
    let app = TestApp::new().await;
    let target = "/api/v1/worker/";
    for (accept, status) in [
        (Some("*/*"), 200),
        (None, 200),
        (Some("application/json"), 200),
        (Some("text/html,application/xhtml+xml,*/*;q=0.8"), 200),
        (Some("application/xml"), 406),
        (Some("text/yaml"), 406),
    ] {
        let digest = sign("verysecret", "GET", target, b"");
        let mut request =
            Request::get(target).header("authorization", format!("ApiKey worker1:{digest}"));
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answered = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, status, "{accept:?}");
    }
    for (format, status) in [("json", 200), ("xml", 400), ("", 400)] {
        let target = format!("{target}?format={format}");
        assert_eq!(app.get(WORKER, &target).await.status, status, "{format}");
    }
}

/// 18.8: 415 for another form of body, 400 for none.
#[tokio::test]
async fn a_body_is_a_json_object_with_that_content_type() {
    let app = TestApp::new().await;
    let target = "/api/v1/worker/1/";
    let send = async |content_type: Option<&str>, encoding: Option<&str>, body: &'static str| {
        let digest = sign("verysecret", "PATCH", target, body.as_bytes());
        let mut request =
            Request::patch(target).header("authorization", format!("ApiKey worker1:{digest}"));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        let answered = app.send(request.body(Body::from(body)).unwrap()).await;
        answered.status.as_u16()
    };
    let json = Some("application/json");
    for (content_type, encoding, body, status) in [
        (json, None, "{}", 202),
        (Some("Application/JSON; charset=utf-8"), None, "{}", 202),
        (json, Some("identity"), "{}", 202),
        (json, Some("gzip"), "{}", 415),
        (None, None, "{}", 415),
        (Some("text/plain"), None, "{}", 415),
        (Some("application/x-www-form-urlencoded"), None, "a=1", 415),
        (json, None, "", 400),
        (None, None, "", 400),
        (json, None, "[]", 400),
        (json, None, "{", 400),
        (json, None, "null", 400),
    ] {
        let answered = send(content_type, encoding, body).await;
        assert_eq!(answered, status, "{content_type:?} {encoding:?} {body}");
    }
}

/// The dialect has a limit of its own: logs must fit, whatever the app takes elsewhere.
#[tokio::test]
async fn a_body_of_two_mebibytes_fits_and_one_over_the_limit_does_not() {
    let app = TestApp::new().await;
    assert!(WebSettings::default().limits.body_bytes_max < 2 << 20);
    let body = |bytes: usize| json!({"x": "a".repeat(bytes)}).to_string();
    for (bytes, status) in [(2 << 20, 202), (BODY_BYTES_MAX, 413)] {
        let answered = app
            .ask(WORKER, "PATCH", "/api/v1/worker/1/", body(bytes))
            .await;
        assert_eq!(answered.status, status, "{bytes}");
    }
    let answered = app
        .ask(
            As::Anonymous,
            "PATCH",
            "/api/v1/worker/1/",
            body(BODY_BYTES_MAX),
        )
        .await;
    assert_eq!(answered.status, 401);
}

/// A refusal for size before the signature check would reveal which keys exist.
#[tokio::test]
async fn a_body_that_is_too_large_is_refused_alike_whether_its_key_is_known_or_not() {
    let app = TestApp::new().await;
    let target = "/api/v1/worker/1/";
    let large = vec![b' '; BODY_BYTES_MAX + 1];
    for api_key in ["worker1", "unknown"] {
        for (body, status) in [(&large[..], 413), (b"{}", 401)] {
            for declared in [true, false] {
                let mut request = Request::patch(target)
                    .header(
                        "authorization",
                        format!("ApiKey {api_key}:{}", "0".repeat(40)),
                    )
                    .header("content-type", "application/json");
                if declared {
                    request = request.header("content-length", body.len());
                }
                let pieces: Vec<_> = body
                    .chunks(1 << 16)
                    .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
                    .collect();
                let body = Body::from_stream(futures::stream::iter(pieces));
                let answered = app.send(request.body(body).unwrap()).await;
                assert_eq!(answered.status, status, "{api_key}, declared: {declared}");
            }
        }
    }
}

/// It means nothing, and a proxy may leave it out although it is signed.
#[tokio::test]
async fn a_get_has_no_body() {
    let app = TestApp::new().await;
    let target = "/api/v1/worker/";
    let send = async |authorization: Option<String>, pieces: &[&'static str]| {
        let mut request = Request::get(target);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| Ok::<_, std::io::Error>(*piece))
            .collect();
        let body = Body::from_stream(futures::stream::iter(pieces));
        let answered = app.send(request.body(body).unwrap()).await;
        (answered.status.as_u16(), answered.text)
    };
    let signed = |key: &str, body: &[u8]| {
        let digest = sign("verysecret", "GET", target, body);
        Some(format!("ApiKey {key}:{digest}"))
    };
    for authorization in [
        signed("worker1", b"{}"),
        signed("worker1", b""),
        signed("unknown", b"{}"),
    ] {
        let (status, text) = send(authorization.clone(), &["{", "}"]).await;
        assert_eq!(status, 400, "{authorization:?}");
        assert!(text.contains("a GET has none"), "{text}");
    }
    assert_eq!(send(None, &["{}"]).await.0, 401);
    for pieces in [&[][..], &[""]] {
        assert_eq!(send(signed("worker1", b""), pieces).await.0, 200);
    }
}

/// Large bodies wait for each other, and a body without a length counts as large.
#[tokio::test]
async fn large_bodies_wait_for_the_memory_budget() {
    use futures::FutureExt;

    let app = TestApp::empty(Settings::default());
    let dialect = JobRunner::new(app.app.clone(), app.people.clone(), Settings::default());
    let (large, unknown) = (Some(BODY_BYTES_MAX as u64), None);
    let mut held = Vec::new();
    for _ in 0..BODIES_BYTES_MAX / BODY_BYTES_MAX / 2 {
        held.push(dialect.body_budget(large).now_or_never().unwrap());
        held.push(dialect.body_budget(unknown).now_or_never().unwrap());
    }
    assert!(dialect.body_budget(large).now_or_never().is_none());
    assert!(dialect.body_budget(unknown).now_or_never().is_none());
    assert!(dialect.body_budget(Some(900)).now_or_never().is_some());
    held.pop();
    assert!(dialect.body_budget(large).now_or_never().is_some());
}

/// W: 11.2. Right after a start a worker requests its open runs, and must not get an empty list.
#[tokio::test]
async fn no_request_is_answered_before_the_views_know_the_log() {
    let before = TestApp::new().await;
    let run = before.run().await;
    before.report(run, &[claim(), start()]).await;
    let after = TestApp::on(
        Arc::clone(&before.log),
        before.people.seal.clone(),
        Settings::default(),
    );
    let started = "/api/v1/run/?state=started&worker__api_key=worker1";
    assert_eq!(after.get(WORKER, started).await.ids(), [run]);
}

/// Refused changes are for auditors to see, and nothing secret is.
#[tokio::test]
async fn refused_changes_are_noted_without_their_secrets() {
    let app = TestApp::new().await;
    let wrong = As::Worker("worker1", "guessed");
    let answered = app.patch(wrong, "/api/v1/worker/1/", json!({})).await;
    assert_eq!(answered, 401);
    let note = loop {
        let events = app.events("audit.write_refused").await;
        if let Some(event) = events.first() {
            break String::from_utf8(event.data.to_vec()).unwrap();
        }
        tokio::task::yield_now().await;
    };
    assert!(note.contains("the signature is not valid"), "{note}");
    for recorded in app.events("").await {
        let data = String::from_utf8_lossy(&recorded.data).into_owned();
        assert!(
            !data.contains("verysecret") && !data.contains("guessed"),
            "{data}"
        );
    }
}
