//! Groups, users, workers, pools, projects, templates and jobs, one by one.

use domain::jobs::worker::{ReportCommand, Reported, Reports};

use super::*;

/// One of each kind, in the order in which they can be made: path, and how one is made and changed.
fn kinds() -> [(&'static str, Value, Value); 7] {
    [
        ("groups", json!({"name": "g"}), json!({"name": "h"})),
        (
            "users",
            json!({"username": "u", "password": "correct horse"}),
            json!({"admin": true, "groups": ["h"]}),
        ),
        (
            "workers",
            json!({"title": "w"}),
            json!({"enqueue_is_enabled": false}),
        ),
        (
            "worker-pools",
            json!({"title": "p", "workers": ["w"]}),
            json!({"workers": []}),
        ),
        (
            "projects",
            json!({"title": "t", "worker_pools": ["p"]}),
            json!({"description": "d"}),
        ),
        (
            "job-templates",
            json!({"title": "s", "project": "t", "body": "{{ content }}"}),
            json!({"body": "x"}),
        ),
        (
            "jobs",
            json!({"title": "j", "job_template": "s", "worker_pool": "p"}),
            json!({"reschedule_interval": 2}),
        ),
    ]
}

async fn app() -> TestApp {
    let app = TestApp::new().await;
    for (path, made, _) in kinds() {
        let answered = app.post(&format!("/v1/{path}"), Some(made)).await;
        assert_eq!(answered.status, 201, "{path}: {answered:?}");
        assert_eq!(answered.headers["location"], format!("/v1/{path}/1"));
        assert_eq!(answered.body["id"], 1, "{path}");
        let secret = answered.body.get("secret").is_some();
        assert_eq!(secret, path == "workers", "{path}: {answered:?}");
    }
    app
}

#[tokio::test]
async fn each_kind_is_made_listed_shown_and_changed() {
    let app = app().await;
    for (path, made, change) in kinds() {
        let target = format!("/v1/{path}/1");
        let before = app.get(&target).await;
        let head = app.app.commands.head();
        assert_eq!(before.status, 200, "{path}");
        let listed = app.get(&format!("/v1/{path}")).await;
        assert_eq!(listed.body["items"], json!([before.body]), "{path}");
        let edited = app
            .ask("PATCH", &target, Some(ADMIN), Some(change.clone()))
            .await;
        assert_eq!(edited.status, 200, "{path}: {edited:?}");
        assert_ne!(edited.body, before.body, "{path}");
        assert_eq!(app.get(&target).await.body, edited.body, "{path}");
        // Again: nothing happens, and the answer is the same.
        let changed = app.app.commands.head();
        let again = app.ask("PATCH", &target, Some(ADMIN), Some(change)).await;
        assert_eq!(
            (again.status.as_u16(), &again.body),
            (200, &edited.body),
            "{path}"
        );
        assert_eq!(app.app.commands.head(), changed, "{path}");
        let past = app.get(&format!("{target}?as_of={head}")).await;
        assert_eq!(past.body["created_at"], before.body["created_at"], "{path}");
        for (field, value) in before.body.as_object().unwrap() {
            // Names of other records are the current ones.
            if !value.is_object() && !value.is_array() {
                assert_eq!(&past.body[field], value, "{path} {field}");
            }
        }
        let history = app.get(&format!("{target}/history")).await;
        assert_eq!(
            history.body["items"].as_array().unwrap().len(),
            match path {
                "users" => 3,
                _ => 2,
            },
            "{path}: {history:?}"
        );
        // There cannot be another of the same name.
        let mut same = made;
        if path == "groups" {
            same = json!({"name": "h"});
        }
        let refused = app.post(&format!("/v1/{path}"), Some(same)).await;
        assert_eq!(refused.status, 409, "{path}: {refused:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_wrong_is_named() {
    let app = app().await;
    for (path, _, change) in kinds() {
        for (method, target, body, status) in [
            ("GET", format!("/v1/{path}/99"), None, 404),
            ("GET", format!("/v1/{path}/99/history"), None, 404),
            ("GET", format!("/v1/{path}/1?as_of=0"), None, 404),
            ("GET", format!("/v1/{path}/1?as_of=yesterday"), None, 400),
            ("GET", format!("/v1/{path}/x"), None, 400),
            ("GET", format!("/v1/{path}/-1"), None, 400),
            ("GET", format!("/v1/{path}/18446744073709551616"), None, 400),
            ("GET", format!("/v1/{path}?limit=0"), None, 400),
            ("GET", format!("/v1/{path}?cursor=AA"), None, 400),
            ("GET", format!("/v1/{path}?x=1"), None, 400),
            ("PATCH", format!("/v1/{path}/99"), Some(change), 404),
            ("PATCH", format!("/v1/{path}/1"), Some(json!({"x": 1})), 400),
            ("PATCH", format!("/v1/{path}/1"), Some(json!([])), 400),
            ("POST", format!("/v1/{path}"), Some(json!({})), 400),
            ("POST", format!("/v1/{path}"), Some(json!({"id": 1})), 400),
            ("DELETE", format!("/v1/{path}/1"), None, 405),
        ] {
            let answered = app.ask(method, &target, Some(ADMIN), body).await;
            assert_eq!(answered.status, status, "{method} {target}: {answered:?}");
        }
    }
}

#[tokio::test]
async fn each_kind_is_read_with_its_own_scope_and_changed_by_admins() {
    let app = app().await;
    app.token(
        "tally_groups",
        Role::Admin,
        &["groups:read", "groups:write"],
    )
    .await;
    for (path, _, change) in kinds() {
        for (token, method, status) in [
            (None, "GET", 401),
            (Some(READER), "GET", 200),
            (Some(READER), "PATCH", 403),
            (Some(OPERATOR), "PATCH", 403),
            (
                Some("tally_groups"),
                "GET",
                if path == "groups" { 200 } else { 403 },
            ),
            (
                Some("tally_groups"),
                "PATCH",
                if path == "groups" { 200 } else { 403 },
            ),
        ] {
            let body = (method == "PATCH").then(|| change.clone());
            let answered = app.ask(method, &format!("/v1/{path}/1"), token, body).await;
            assert_eq!(
                answered.status, status,
                "{token:?} {method} {path}: {answered:?}"
            );
        }
    }
}

/// With the usual settings, three pings of five minutes and fifteen seconds.
#[tokio::test]
async fn a_worker_is_shown_with_its_last_answer_and_its_silence() {
    let app = app().await;
    let created = app.clock.now();
    let reports = async || {
        let one = app.get("/v1/workers/1").await.body["reports"].clone();
        let all = app.get("/v1/workers").await;
        assert_eq!(items(&all, "reports"), [&one]);
        one
    };
    let never = json!({"ping_response_at": null, "unresponsive_since": created, "reported_at": null,
        "worker_version": null, "concurrent_jobs": null});
    assert_eq!(reports().await, never);
    let before = app.app.commands.head();

    app.clock.set("2026-11-21T07:10:00Z".parse().unwrap());
    let at = app.clock.now();
    let reported = Reported {
        ping_response_at: Some(Some("2026-11-21T07:09:59Z".parse().unwrap())),
        worker_version: Some(Some("2.1.2".to_owned())),
        concurrent_jobs: Some(Some(4)),
        at,
    };
    let reply = ReportCommand::Report(reported);
    let reply = app
        .app
        .commands
        .execute::<Reports>(&Reports::key(1), reply, &Metadata::default())
        .await;
    app.seen(reply.unwrap().position()).await;
    let answers = |since: Value| {
        json!({"ping_response_at": "2026-11-21T07:09:59Z", "unresponsive_since": since,
            "reported_at": at, "worker_version": "2.1.2", "concurrent_jobs": 4})
    };
    assert_eq!(reports().await, answers(Value::Null));
    app.clock.set("2026-11-21T07:25:14Z".parse().unwrap());
    assert_eq!(reports().await, answers(Value::Null));
    app.clock.set("2026-11-21T07:25:15Z".parse().unwrap());
    assert_eq!(reports().await, answers(json!("2026-11-21T07:25:14Z")));
    let past = app.get(&format!("/v1/workers/1?as_of={before}")).await;
    assert_eq!(past.body["reports"], Value::Null);
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let app = TestApp::new().await;
    let groups: Vec<_> = (0..5).map(|n| json!({"name": format!("g{n}")})).collect();
    app.post("/v1/apply", Some(json!({"groups": groups}))).await;
    let mut seen = Vec::new();
    let mut target = "/v1/groups?limit=2".to_owned();
    loop {
        let page = app.get(&target).await;
        seen.extend(
            items(&page, "id")
                .into_iter()
                .map(|id| id.as_u64().unwrap()),
        );
        let Some(next) = page.body["next"].as_str() else {
            break;
        };
        target = format!("/v1/groups?limit=2&cursor={next}");
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_script_of_any_length_is_shown_as_it_was_typed() {
    let app = app().await;
    let script = "echo häßlich\r\n".repeat(10_000);
    let change = json!({"script_content_partial": script});
    let edited = app
        .ask("PATCH", "/v1/jobs/1", Some(ADMIN), Some(change))
        .await;
    assert_eq!(edited.body["script_content_partial"], json!(script));
}

/// A page of jobs holds scripts: it ends before they are more than an answer may have, and leads
/// on.
#[tokio::test]
async fn a_page_of_large_things_ends_early_and_leads_on() {
    let app = app().await;
    for first in [2, 52] {
        let jobs = (first..first + 50).map(|number| {
            json!({"title": format!("job {number}"), "job_template": "s", "worker_pool": "p",
                "script_content_partial": "#".repeat(if number == 60 { 1_000_000 } else { 60_000 })})
        });
        let document = json!({"jobs": jobs.collect::<Vec<_>>()});
        assert_eq!(app.post("/v1/apply", Some(document)).await.status, 200);
    }
    let (mut target, mut pages, mut ids) =
        ("/v1/jobs?limit=1000".to_owned(), Vec::new(), Vec::new());
    loop {
        let answered = app.get(&target).await;
        assert_eq!(answered.status, 200, "{target}");
        assert!(answered.body.to_string().len() < 5 << 20);
        let items = answered.body["items"].as_array().unwrap();
        pages.push(items.len());
        ids.extend(items.iter().map(|job| job["id"].as_u64().unwrap()));
        match answered.body["next"].as_str() {
            Some(next) => target = format!("/v1/jobs?limit=1000&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(ids, (1..=101).collect::<Vec<u64>>());
    assert!(pages.len() == 2 && pages[0] > 50, "{pages:?}");
}
