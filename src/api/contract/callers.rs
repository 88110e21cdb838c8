use super::*;

/// The role that each address needs. Every open address is listed here as open.
const NEEDS: [(&str, &str, Option<Role>); 38] = [
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
    ("GET", "/v1/info", None),
    ("GET", "/openapi.json", None),
    ("GET", "/docs", None),
    (
        "GET",
        "/v1/allocation/explain?spec=a@1%20%2Bx%20arch=x%25gcc@1",
        None,
    ),
    ("GET", "/metrics", Some(Role::Reader)),
    ("GET", "/v1/events", Some(Role::Reader)),
    ("GET", "/v1/events/1", Some(Role::Admin)),
    ("GET", "/v1/streams/token-tally_admin", Some(Role::Admin)),
    ("GET", "/v1/builds", Some(Role::Reader)),
    ("GET", "/v1/builds/1", Some(Role::Reader)),
    ("GET", "/v1/builds/1/history", Some(Role::Reader)),
    ("GET", "/v1/collections", Some(Role::Reader)),
    ("GET", "/v1/usage", Some(Role::Reader)),
    ("GET", "/v1/packages", Some(Role::Reader)),
    ("GET", "/v1/nodes", Some(Role::Reader)),
    ("GET", "/v1/pulse", Some(Role::Reader)),
    ("GET", "/v1/allocation/models", Some(Role::Reader)),
    ("GET", "/v1/allocation/models/x", Some(Role::Reader)),
    ("GET", "/v1/allocation/accuracy", Some(Role::Reader)),
    (
        "POST",
        "/v1/allocation/models/x/promote",
        Some(Role::Operator),
    ),
    ("POST", "/v1/allocation/rollback", Some(Role::Operator)),
    ("POST", "/v1/allocation/retrain", Some(Role::Operator)),
    ("GET", "/v1/projections", Some(Role::Reader)),
    ("GET", "/v1/operations", Some(Role::Reader)),
    ("POST", "/v1/builds/1/collect", Some(Role::Operator)),
    (
        "POST",
        "/v1/projections/builds/rebuild",
        Some(Role::Operator),
    ),
    ("POST", "/v1/runs/1/end", Some(Role::Operator)),
    ("POST", "/v1/runs/1/kill", Some(Role::Operator)),
    ("GET", "/v1/audit", Some(Role::Operator)),
    ("GET", "/v1/audit/bodies", Some(Role::Operator)),
    ("GET", "/v1/audit/bodies/x", Some(Role::Operator)),
    ("POST", "/v1/audit/bodies/x/resubmit", Some(Role::Operator)),
    ("GET", "/v1/tokens", Some(Role::Admin)),
    ("POST", "/v1/tokens", Some(Role::Admin)),
    ("GET", "/v1/tokens/x", Some(Role::Admin)),
    ("DELETE", "/v1/tokens/x", Some(Role::Admin)),
];

#[tokio::test]
async fn every_address_asks_for_its_role() {
    let app = TestApp::new().await;
    let callers = [
        (None, None),
        (Some(READER), Some(Role::Reader)),
        (Some(OPERATOR), Some(Role::Operator)),
        (Some(ADMIN), Some(Role::Admin)),
    ];
    for (method, target, needed) in NEEDS {
        for (token, role) in callers {
            let status = app.ask(method, target, token, None).await.status.as_u16();
            let refused = match (needed, role) {
                (None, _) => None,
                (Some(_), None) => Some(401),
                (Some(needed), Some(role)) => (role < needed).then_some(403),
            };
            match refused {
                Some(refused) => assert_eq!(status, refused, "{method} {target} as {token:?}"),
                None => assert!(
                    ![401, 403].contains(&status),
                    "{method} {target} as {token:?}: {status}"
                ),
            }
        }
    }
}

/// `/v1/operations/x` refused the id before it checked the credential, and so did every other route
/// with a path or a query.
#[tokio::test]
async fn who_asks_is_settled_before_anything_is_said_of_the_request() {
    let app = TestApp::new().await;
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] == json!([{}]) || path == "/metrics" {
                continue;
            }
            // No parameter is read from this: it is no UTF-8, and no number.
            let parts = path.split('/').map(|part| match part.starts_with('{') {
                true => "%FF",
                false => part,
            });
            let target = parts.collect::<Vec<_>>().join("/") + "?limit=%FF&as_of=x&after=x";
            let method = method.to_uppercase();
            let answered = app.ask(&method, &target, None, None).await;
            assert_eq!(answered.status, 401, "{method} {target}: {}", answered.body);
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
}

#[tokio::test]
async fn a_credential_that_is_presented_must_be_valid() {
    let app = TestApp::new().await;
    let long = "x".repeat(10_000);
    for header in [
        "Bearer wrong",
        "Bearer ",
        "Bearer",
        "Basic dTpw",
        "tally_admin",
        "bearer  tally_unknown",
        &long,
    ] {
        let request = Request::get("/v1/builds").header("authorization", header);
        let answered = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, 401, "{header}");
        assert_eq!(answered.headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn a_role_counts_in_its_scopes_alone() {
    let app = TestApp::new().await;
    app.token(
        "tally_narrow",
        Role::Admin,
        &["builds:read", "tokens:write"],
    )
    .await;
    let ask = async |method: &str, target: &str, body: Option<Value>| {
        app.ask(method, target, Some("tally_narrow"), body)
            .await
            .status
            .as_u16()
    };
    assert_eq!(ask("GET", "/v1/builds", None).await, 200);
    assert_eq!(ask("GET", "/v1/events", None).await, 403);
    let token = |scopes: Value| Some(json!({"name": "n", "role": "admin", "scopes": scopes}));
    assert_eq!(ask("POST", "/v1/tokens", token(json!([]))).await, 403);
    assert_eq!(
        ask("POST", "/v1/tokens", token(json!(["events:read"]))).await,
        403
    );
    // It may write tokens and not read them, and is shown the one it has just issued.
    assert_eq!(
        ask("POST", "/v1/tokens", token(json!(["builds:read"]))).await,
        201
    );
}

/// A token for a week issued one for ever, and one that was good for two scopes revoked the one
/// that is good for all.
#[tokio::test]
async fn no_caller_issues_or_revokes_a_token_with_more_rights_than_its_own() {
    let app = TestApp::new().await;
    let issue = async |token: &str, scopes: Value, expires_at: Value| {
        let body =
            json!({"name": "n", "role": "admin", "scopes": scopes, "expires_at": expires_at});
        app.ask("POST", "/v1/tokens", Some(token), Some(body)).await
    };
    let revoke = async |token: &str, id: &str| {
        let target = format!("/v1/tokens/{id}");
        app.ask("DELETE", &target, Some(token), None).await
    };
    let (soon, later) = ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z");
    let narrow = issue(ADMIN, json!(["builds:read", "tokens:write"]), json!(soon)).await;
    assert_eq!(narrow.status, 201, "{narrow:?}");
    let own_id = narrow.body["id"].as_str().unwrap();
    let narrow = narrow.body["secret"].as_str().unwrap();
    for (scopes, expires_at, status) in [
        (json!(["builds:read"]), json!(soon), 201),
        (json!(["builds:read"]), json!("2026-11-21T12:00:00Z"), 201),
        (json!(["builds:read"]), json!(later), 403),
        (json!(["builds:read"]), Value::Null, 403),
        (json!(["events:read"]), json!(soon), 403),
        (json!([]), json!(soon), 403),
    ] {
        let answered = issue(narrow, scopes.clone(), expires_at.clone()).await;
        assert_eq!(
            answered.status, status,
            "{scopes} {expires_at}: {answered:?}"
        );
        // What it may not issue, it may not revoke either.
        let issued = issue(ADMIN, scopes.clone(), expires_at.clone()).await;
        let id = issued.body["id"].as_str().unwrap();
        let expected = if status == 201 { 200 } else { status };
        let answered = revoke(narrow, id).await;
        assert_eq!(
            answered.status, expected,
            "{scopes} {expires_at}: {answered:?}"
        );
        assert_eq!(revoke(ADMIN, id).await.status, 200);
    }
    assert_eq!(revoke(narrow, "tally_admin").await.status, 403);
    // A token that leaked can be revoked with itself.
    assert_eq!(revoke(narrow, own_id).await.status, 200);
    assert_eq!(
        app.ask("GET", "/v1/builds", Some(narrow), None)
            .await
            .status,
        401
    );
}

/// `token revoke --reason` sent a reason that the server ignored.
#[tokio::test]
async fn why_a_token_was_revoked_is_kept() {
    let app = TestApp::new().await;
    let issued = app
        .post("/v1/tokens", Some(json!({"name": "ci", "role": "reader"})))
        .await;
    let id = issued.body["id"].as_str().unwrap();
    let target = format!("/v1/tokens/{id}");
    let body = json!({"reason": "it leaked"});
    let revoked = app.ask("DELETE", &target, Some(ADMIN), Some(body)).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    let events = app.get("/v1/events?type=token.revoked").await;
    assert_eq!(events.body["items"][0]["metadata"]["reason"], "it leaked");
    let long = json!({"reason": "x".repeat(100_000)});
    let refused = app.ask("DELETE", &target, Some(ADMIN), Some(long)).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_token_is_shown_once_and_accepted_until_it_is_revoked() {
    let app = TestApp::new().await;
    let body = json!({"name": "ci", "role": "reader"});
    let issued = app.post("/v1/tokens", Some(body)).await;
    assert_eq!(issued.status, 201, "{issued:?}");
    let secret = issued.body["secret"].as_str().unwrap().to_owned();
    let id = issued.body["id"].as_str().unwrap();
    assert_eq!(
        app.ask("GET", "/v1/builds", Some(&secret), None)
            .await
            .status,
        200
    );
    let shown = app.get(&format!("/v1/tokens/{id}")).await;
    assert!(shown.body.get("secret").is_none() && shown.body.get("hash").is_none());
    let all = app.get("/v1/events?limit=1000").await;
    assert!(!all.body.to_string().contains(&secret));
    let revoked = app
        .ask("DELETE", &format!("/v1/tokens/{id}"), Some(ADMIN), None)
        .await;
    assert_eq!(revoked.body["revoked_at"], NOW);
    assert_eq!(
        app.ask("GET", "/v1/builds", Some(&secret), None)
            .await
            .status,
        401
    );
    let again = app
        .ask("DELETE", &format!("/v1/tokens/{id}"), Some(ADMIN), None)
        .await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn a_token_ends_when_it_was_said_to() {
    let app = TestApp::new().await;
    let body = json!({"name": "ci", "role": "reader", "expires_at": "2026-11-21T08:00:00Z"});
    let issued = app.post("/v1/tokens", Some(body)).await;
    let secret = issued.body["secret"].as_str().unwrap();
    assert_eq!(
        app.ask("GET", "/v1/builds", Some(secret), None)
            .await
            .status,
        200
    );
    app.clock.set("2026-11-21T08:00:00Z".parse().unwrap());
    assert_eq!(
        app.ask("GET", "/v1/builds", Some(secret), None)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_token_that_makes_no_sense_is_not_issued() {
    let app = TestApp::new().await;
    for (body, field) in [
        (json!({"name": " ", "role": "reader"}), "name"),
        (json!({"name": "n".repeat(1000), "role": "reader"}), "name"),
        (json!({"name": "a\nb", "role": "reader"}), "name"),
        (
            json!({"name": "n", "role": "reader", "scopes": ["Builds!"]}),
            "scopes",
        ),
        (
            json!({"name": "n", "role": "reader", "scopes": ["builds:read", "build:read"]}),
            "scopes",
        ),
        (
            json!({"name": "n", "role": "reader", "scopes": vec!["a"; 100]}),
            "scopes",
        ),
        (
            json!({"name": "n", "role": "reader", "expires_at": "2020-01-01T00:00:00Z"}),
            "expires_at",
        ),
    ] {
        let answered = app.post("/v1/tokens", Some(body.clone())).await;
        assert_eq!(answered.status, 400, "{body}");
        assert_eq!(answered.body["errors"][0]["field"], field, "{body}");
    }
    for body in [
        json!({}),
        json!({"name": "n", "role": "king"}),
        json!({"name": "n", "role": "reader", "x": 1}),
        json!([]),
    ] {
        assert_eq!(
            app.post("/v1/tokens", Some(body.clone())).await.status,
            400,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_refused_write_is_written_down() {
    let app = TestApp::new().await;
    let before = app.app.commands.head();
    // Who may not read has changed nothing, and is not worth a note.
    assert_eq!(app.ask("GET", "/v1/builds", None, None).await.status, 401);
    app.ask("POST", "/v1/projections/builds/rebuild", Some(READER), None)
        .await;
    while app.app.commands.head() == before {
        tokio::task::yield_now().await;
    }
    let last = app.get("/v1/events?order=desc&limit=1").await;
    let event = &last.body["items"][0];
    assert_eq!(event["type"], "audit.write_refused");
    assert_eq!(event["data"]["path"], "/v1/projections/{name}/rebuild");
    assert_eq!(event["data"]["status"], 403);
    let actor = &event["metadata"]["actor"];
    assert_eq!(
        (&actor["kind"], &actor["display"]),
        (&json!("token"), &json!(READER))
    );
    let all = app.get("/v1/events?type=audit.write_refused").await;
    assert_eq!(items(&all, "id").len(), 1);
}

#[tokio::test]
async fn what_is_open_can_be_opened_and_shut_by_choice() {
    let settings = Settings {
        anonymous_role: Some(Role::Reader),
        metrics_open: true,
        ..Settings::default()
    };
    let app = TestApp::with(settings).await;
    assert_eq!(app.ask("GET", "/v1/builds", None, None).await.status, 200);
    assert_eq!(
        app.ask("GET", "/metrics", None, None).await.body,
        "tallyman_up 1\n"
    );
    assert_eq!(
        app.ask("POST", "/v1/builds/1/collect", None, None)
            .await
            .status,
        401
    );
}
