use super::*;

/// What each address needs. Nothing is open that does not stand here as open.
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
    let house = TestHouse::new().await;
    let callers = [
        (None, None),
        (Some(READER), Some(Role::Reader)),
        (Some(OPERATOR), Some(Role::Operator)),
        (Some(ADMIN), Some(Role::Admin)),
    ];
    for (method, target, needed) in NEEDS {
        for (token, role) in callers {
            let status = house.ask(method, target, token, None).await.status.as_u16();
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

/// `/v1/operations/x` said that `x` is no id before it asked who wants to know, as did whatever else reads a
/// path or a query.
#[tokio::test]
async fn who_asks_is_settled_before_anything_is_said_of_the_request() {
    let house = TestHouse::new().await;
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
            let answered = house.ask(&method, &target, None, None).await;
            assert_eq!(answered.status, 401, "{method} {target}: {}", answered.body);
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
}

#[tokio::test]
async fn a_credential_that_is_presented_must_be_valid() {
    let house = TestHouse::new().await;
    let long = "x".repeat(10_000);
    for header in [
        "Bearer wrong",
        "Bearer ",
        "Bearer",
        "Basic dTpw",
        "tally_admin",
        "bearer  tally_nobody",
        &long,
    ] {
        let request = Request::get("/v1/builds").header("authorization", header);
        let answered = house.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, 401, "{header}");
        assert_eq!(answered.headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn a_role_counts_in_its_scopes_alone() {
    let house = TestHouse::new().await;
    house
        .token(
            "tally_narrow",
            Role::Admin,
            &["builds:read", "tokens:write"],
        )
        .await;
    let ask = async |method: &str, target: &str, body: Option<Value>| {
        house
            .ask(method, target, Some("tally_narrow"), body)
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

#[tokio::test]
async fn a_token_is_shown_once_and_accepted_until_it_is_revoked() {
    let house = TestHouse::new().await;
    let body = json!({"name": "ci", "role": "reader"});
    let issued = house.post("/v1/tokens", Some(body)).await;
    assert_eq!(issued.status, 201, "{issued:?}");
    let secret = issued.body["secret"].as_str().unwrap().to_owned();
    let id = issued.body["id"].as_str().unwrap();
    assert_eq!(
        house
            .ask("GET", "/v1/builds", Some(&secret), None)
            .await
            .status,
        200
    );
    let shown = house.get(&format!("/v1/tokens/{id}")).await;
    assert!(shown.body.get("secret").is_none() && shown.body.get("hash").is_none());
    let all = house.get("/v1/events?limit=1000").await;
    assert!(!all.body.to_string().contains(&secret));
    let revoked = house
        .ask("DELETE", &format!("/v1/tokens/{id}"), Some(ADMIN), None)
        .await;
    assert_eq!(revoked.body["revoked_at"], NOW);
    assert_eq!(
        house
            .ask("GET", "/v1/builds", Some(&secret), None)
            .await
            .status,
        401
    );
    let again = house
        .ask("DELETE", &format!("/v1/tokens/{id}"), Some(ADMIN), None)
        .await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn a_token_ends_when_it_was_said_to() {
    let house = TestHouse::new().await;
    let body = json!({"name": "ci", "role": "reader", "expires_at": "2026-11-21T08:00:00Z"});
    let issued = house.post("/v1/tokens", Some(body)).await;
    let secret = issued.body["secret"].as_str().unwrap();
    assert_eq!(
        house
            .ask("GET", "/v1/builds", Some(secret), None)
            .await
            .status,
        200
    );
    house.clock.set("2026-11-21T08:00:00Z".parse().unwrap());
    assert_eq!(
        house
            .ask("GET", "/v1/builds", Some(secret), None)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_token_that_makes_no_sense_is_not_issued() {
    let house = TestHouse::new().await;
    for (body, field) in [
        (json!({"name": " ", "role": "reader"}), "name"),
        (json!({"name": "n".repeat(1000), "role": "reader"}), "name"),
        (json!({"name": "a\nb", "role": "reader"}), "name"),
        (
            json!({"name": "n", "role": "reader", "scopes": ["Builds!"]}),
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
        let answered = house.post("/v1/tokens", Some(body.clone())).await;
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
            house.post("/v1/tokens", Some(body.clone())).await.status,
            400,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_refused_write_is_written_down() {
    let house = TestHouse::new().await;
    let before = house.house.commands.head();
    // Who may not read has changed nothing, and is not worth a note.
    assert_eq!(house.ask("GET", "/v1/builds", None, None).await.status, 401);
    house
        .ask("POST", "/v1/projections/builds/rebuild", Some(READER), None)
        .await;
    while house.house.commands.head() == before {
        tokio::task::yield_now().await;
    }
    let last = house.get("/v1/events?order=desc&limit=1").await;
    let event = &last.body["items"][0];
    assert_eq!(event["type"], "audit.write_refused");
    assert_eq!(event["data"]["path"], "/v1/projections/{name}/rebuild");
    assert_eq!(event["data"]["status"], 403);
    let all = house.get("/v1/events?type=audit.write_refused").await;
    assert_eq!(items(&all, "id").len(), 1);
}

#[tokio::test]
async fn what_is_open_can_be_opened_and_shut_by_choice() {
    let settings = Settings {
        anonymous_role: Some(Role::Reader),
        metrics_open: true,
        ..Settings::default()
    };
    let house = TestHouse::with(settings).await;
    assert_eq!(house.ask("GET", "/v1/builds", None, None).await.status, 200);
    assert_eq!(
        house.ask("GET", "/metrics", None, None).await.body,
        "tallyman_up 1\n"
    );
    assert_eq!(
        house
            .ask("POST", "/v1/builds/1/collect", None, None)
            .await
            .status,
        401
    );
}
