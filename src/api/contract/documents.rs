use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::Operation;

use super::*;

#[tokio::test]
async fn the_document_is_our_own_and_covers_every_route() {
    let app = TestApp::new().await;
    let answered = app.ask("GET", "/openapi.json", None, None).await;
    let document = &answered.body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["info"]["title"], "Tallyman");
    assert_eq!(document["info"]["license"]["name"], "MIT OR Apache-2.0");
    assert!(document["info"].get("contact").is_none());
    for path in [
        "/v1/events",
        "/v1/builds/{build}/collect",
        "/v1/runs/{run}/log",
        "/v1/tokens/{id}",
        "/readyz",
        "/v1/pulse",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
}

#[test]
fn every_operation_says_what_it_does_how_it_refuses_and_whom_it_lets_in() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let (mut open, mut ids) = (Vec::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{named}");
            assert!(operation["responses"]["default"].is_object(), "{named}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let about = response["description"].as_str().unwrap_or_default();
                assert!(!about.is_empty(), "{named}: {status}");
            }
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{named}: `{id}` twice");
            assert!(
                operation["tags"]
                    .as_array()
                    .is_some_and(|tags| tags.len() == 1),
                "{named}"
            );
            if operation["security"] == json!([{}]) {
                open.push(path.as_str());
            }
        }
    }
    assert_eq!(
        open,
        ["/healthz", "/readyz", "/v1/allocation/explain", "/v1/info"]
    );
}

#[test]
fn every_parameter_says_which_values_it_has() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let parameters = |path: &str| {
        let parameters = document["paths"][path]["get"]["parameters"].as_array();
        let named = |parameter: &Value| {
            let name = parameter["name"].as_str().unwrap().to_owned();
            (name, parameter["schema"].clone())
        };
        parameters
            .unwrap()
            .iter()
            .map(named)
            .collect::<BTreeMap<_, _>>()
    };
    let events = parameters("/v1/events");
    let limit = &events["limit"];
    assert_eq!(
        (&limit["minimum"], &limit["maximum"]),
        (&json!(1), &json!(1000))
    );
    assert_eq!(events["order"]["enum"], json!(["asc", "desc"]));
    assert_eq!(events["since"]["format"], "date-time");
    assert_eq!(events["after"]["maximum"], json!(u64::MAX));
    assert!(events["cursor"]["pattern"].is_string());
    assert_eq!(
        parameters("/v1/runs")["state"]["enum"],
        json!(crate::jobs::runs::STATES)
    );
    assert_eq!(parameters("/v1/run-logs")["limit"]["maximum"], 100);
    assert_eq!(
        parameters("/v1/builds/{build}")["as_of"]["oneOf"][1]["format"],
        "date-time"
    );
    // A schema says `null` where a body may be empty, and a parameter is never that.
    let body = &document["paths"]["/v1/builds/{build}/collect"]["post"]["requestBody"];
    assert_eq!(body["required"], false);
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/Reason");
}

#[test]
fn a_patch_requires_no_field() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["GroupFields"]["required"], json!(["name"]));
    assert_eq!(schemas["GroupChanges"].get("required"), None);
    let body = &document["paths"]["/v1/groups/{id}"]["patch"]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/GroupChanges");
    let items = &schemas["Listing_Group"]["properties"]["items"]["items"];
    assert_eq!(items["$ref"], "#/components/schemas/Group");
}

#[test]
fn every_shape_that_is_referred_to_is_there() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"].get(name).is_some(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_dialect_is_in_the_document() {
    let mut dialect = crate::docs::heading();
    dialect.info.title = "Another title".to_owned();
    dialect
        .paths
        .add_path_operation("/old/route", vec![HttpMethod::Get], Operation::new());
    let app = TestApp::new().await;
    let own = crate::Settings::default();
    let api = Api::new(app.app.clone(), app.people.clone(), own);
    let routes = api.routes([dialect]);
    let router = serve_through_gate(routes, app.app.clone());
    let request = Request::get("/openapi.json").body(Body::empty());
    let response = router.oneshot(request.unwrap()).await.unwrap();
    let answered = Answered::read(response).await;
    assert_eq!(answered.body["info"]["title"], "Tallyman");
    let operation = &answered.body["paths"]["/old/route"]["get"];
    assert!(operation["responses"]["default"].is_object(), "{operation}");
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    let page = app.ask("GET", "/docs", None, None).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    for asset in ["/docs/page.js", "/docs/page.css"] {
        let answered = app.ask("GET", asset, None, None).await;
        assert_eq!(answered.status, 200, "{asset}");
        assert!(!answered.body.to_string().contains("://"), "{asset}");
        assert!(page.body.as_str().unwrap().contains(asset));
    }
    assert!(!page.body.as_str().unwrap().contains("://"));
}
