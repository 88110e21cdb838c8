//! One document sets up the farm.

mod anything;
mod faults;
mod first_runs;
mod names;
mod secrets;
mod settings;

use super::*;
use projections::RosterView;

/// A farm with one of everything.
fn farm() -> Value {
    json!({
        "groups": [{"name": "builders"}],
        "users": [{"username": "jane", "password": "correct horse", "groups": ["builders"], "admin": true}],
        "workers": [{"title": "Worker 1", "api_key": "worker1", "secret": "verysecret"}],
        "worker_pools": [{"title": "Pool 1", "workers": ["Worker 1"], "notification_addresses": ["a@example.com", "b@example.com"]}],
        "projects": [{"title": "Project 1", "groups": ["builders"], "auth_groups": ["builders"], "worker_pools": ["Pool 1"]}],
        "job_templates": [{"title": "Shell", "project": "Project 1", "body": "#!/bin/sh\n{{ content|safe }}\n"}],
        "jobs": [
            {"title": "child", "job_template": "Shell", "worker_pool": "Pool 1", "parent": "nightly",
             "script_content_partial": "echo child"},
            {"title": "nightly", "job_template": "Shell", "worker_pool": "Pool 1", "script_content_partial": "echo hello",
             "reschedule_interval": 1, "reschedule_interval_type": "DAY", "exclude_windows": ["22:00-06:00"],
             "first_run": "now"},
        ],
    })
}

impl TestApp {
    async fn apply(&self, document: &Value) -> Answered {
        self.post("/v1/apply", Some(document.clone())).await
    }

    fn head(&self) -> Position {
        self.app.commands.head()
    }

    async fn everything(&self) -> String {
        self.get("/v1/events?limit=1000").await.body.to_string()
    }
}

#[track_caller]
fn ok(answered: Answered) -> Value {
    assert!(answered.status.is_success(), "{answered:?}");
    answered.body
}

#[tokio::test]
async fn a_document_makes_a_farm_and_a_second_time_nothing() {
    let app = TestApp::new().await;
    let applied = ok(app.apply(&farm()).await);
    let objects = &applied["objects"];
    for (plural, name, id) in [
        ("groups", "builders", 1),
        ("users", "jane", 1),
        ("workers", "Worker 1", 1),
        ("worker_pools", "Pool 1", 1),
        ("projects", "Project 1", 1),
        ("job_templates", "Shell", 1),
        // Parents come first, wherever they are.
        ("jobs", "nightly", 1),
        ("jobs", "child", 2),
    ] {
        let thing = &objects[plural][name];
        assert_eq!(thing["id"], id, "{plural} {name}: {applied:#}");
        assert_eq!(thing["action"], "created", "{plural} {name}");
    }
    assert_eq!(objects["jobs"]["nightly"]["first_run"], 1);
    assert_eq!(applied["notes"], json!([]));

    let head = app.head();
    let again = ok(app.apply(&farm()).await);
    assert_eq!(again["changed"], false, "{again:#}");
    assert_eq!(app.head(), head);
}

#[tokio::test]
async fn what_is_made_is_as_it_was_wanted() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    let project = ok(app.get("/v1/projects/1").await);
    assert_eq!(project["groups"], json!([{"id": 1, "title": "builders"}]));
    assert_eq!(
        project["worker_pools"],
        json!([{"id": 1, "title": "Pool 1"}])
    );
    let pool = ok(app.get("/v1/worker-pools/1").await);
    assert_eq!(
        pool["notification_addresses"],
        "a@example.com\nb@example.com"
    );
    let job = ok(app.get("/v1/jobs/1").await);
    assert_eq!(job["script_content_partial"], "echo hello");
    assert_eq!(job["exclude_windows"], json!(["22:00-06:00"]));
    assert_eq!(job["reschedule_interval_type"], "DAY");
    let child = ok(app.get("/v1/jobs/2").await);
    assert_eq!(child["parent"], json!({"id": 1, "title": "nightly"}));
    let roster = app.app.views.of::<RosterView>().unwrap();
    let secret = roster.read(|roster| roster.worker_by_key("worker1").unwrap().secret.clone());
    let opened = app.people.seal.open(&secret).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&opened), "verysecret");
    let user = roster.user(1).unwrap().unwrap().facts.user;
    let passwords = &app.people.passwords;
    assert!(
        passwords
            .is("correct horse".into(), Some(user.password))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn what_is_not_spoken_of_stays_and_a_list_is_the_whole_list() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    let edit = json!({
        "workers": [{"title": "Worker 2"}],
        "worker_pools": [{"title": "Pool 1", "workers": ["Worker 2"], "description": "all of them"}],
        "jobs": [{"title": "nightly", "reschedule_interval": null, "reschedule_interval_type": ""}],
    });
    let applied = ok(app.apply(&edit).await);
    assert_eq!(
        applied["objects"]["worker_pools"]["Pool 1"]["changes"],
        json!([
            {"field": "description", "before": "", "after": "all of them"},
            {"field": "workers", "before": ["Worker 1"], "after": ["Worker 2"]},
        ])
    );
    let job = ok(app.get("/v1/jobs/1").await);
    assert_eq!(job["reschedule_interval"], Value::Null);
    assert_eq!(job["script_content_partial"], "echo hello");
    let pool = ok(app.get("/v1/worker-pools/1").await);
    assert_eq!(
        pool["notification_addresses"],
        "a@example.com\nb@example.com"
    );
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_does_nothing() {
    let app = TestApp::new().await;
    let head = app.head();
    let reply = ok(app.post("/v1/apply?dry_run=true", Some(farm())).await);
    assert_eq!(
        (&reply["dry_run"], &reply["changed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(reply["objects"]["jobs"]["nightly"]["id"], Value::Null);
    assert_eq!(app.head(), head);
    assert_eq!(app.get("/v1/jobs").await.body["items"], json!([]));

    ok(app.apply(&farm()).await);
    let head = app.head();
    let mut wanted = farm();
    wanted["users"][0]["password"] = json!("another horse");
    wanted["workers"][0]["secret"] = json!("another secret");
    wanted["jobs"][1]["script_content_partial"] = json!("x".repeat(100_000));
    let reply = ok(app
        .post("/v1/apply?dry_run=true", Some(wanted.clone()))
        .await);
    let hidden = |field: &str| json!([{"field": field, "before": null, "after": null}]);
    assert_eq!(
        reply["objects"]["users"]["jane"]["changes"],
        hidden("password")
    );
    assert_eq!(
        reply["objects"]["workers"]["Worker 1"]["changes"],
        hidden("secret")
    );
    assert_eq!(
        reply["objects"]["groups"]["builders"]["action"],
        "unchanged"
    );
    assert_eq!(app.head(), head);
    // A dry run reports what happens.
    let mut done = ok(app.apply(&wanted).await);
    done["dry_run"] = json!(true);
    assert_eq!(done, reply);
    let again = ok(app.apply(&wanted).await);
    assert_eq!(again["changed"], false, "{again:#}");
}

#[tokio::test]
async fn every_change_names_who_made_it_and_why() {
    let app = TestApp::new().await;
    let reason = "/v1/apply?reason=as%20agreed";
    ok(app
        .post(reason, Some(json!({"groups": [{"name": "g"}]})))
        .await);
    let events = app.get("/v1/streams/group-1").await;
    let metadata = &events.body["items"][0]["metadata"];
    assert_eq!(metadata["actor"]["id"], ADMIN);
    assert_eq!(metadata["reason"], "as agreed");
}

/// More than one append takes: it is made part by part, and comes out the same.
#[tokio::test]
async fn a_large_document_is_made_part_by_part() {
    let app = TestApp::new().await;
    let mut document = farm();
    let jobs: Vec<Value> = (0..1200)
        .map(|n| match n {
            0 => json!({"title": "job 0", "job_template": "Shell", "worker_pool": "Pool 1", "first_run": "now"}),
            // Each after the one before it, so that every part leans on the one before.
            n => json!({"title": format!("job {n}"), "job_template": "Shell", "worker_pool": "Pool 1",
                        "parent": format!("job {}", n - 1), "first_run": "now"}),
        })
        .rev()
        .collect();
    document["jobs"] = json!(jobs);
    let applied = ok(app.apply(&document).await);
    assert_eq!(applied["objects"]["jobs"].as_object().unwrap().len(), 1200);
    let head = app.head();
    let again = ok(app.apply(&document).await);
    assert_eq!(again["changed"], false);
    assert_eq!(app.head(), head);
    // Nothing of a large document happens either when something in it is wrong.
    document["groups"] = json!([{"name": "one more"}]);
    document["jobs"][0]["parent"] = json!("unknown");
    assert_eq!(app.apply(&document).await.status, 400);
    assert_eq!(app.head(), head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_document_from_several_at_once_makes_one_farm() {
    let app = TestApp::new().await;
    let document = json!({
        "groups": [{"name": "g"}],
        "worker_pools": [{"title": "p"}],
        "projects": [{"title": "t", "groups": ["g"], "worker_pools": ["p"]}],
    });
    let all = futures::future::join_all((0..8).map(|_| app.apply(&document))).await;
    for answered in all {
        let applied = ok(answered);
        assert_eq!(applied["objects"]["projects"]["t"]["id"], 1);
    }
    assert_eq!(
        app.get("/v1/projects").await.body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn only_who_may_change_all_of_it_applies_a_document() {
    let app = TestApp::new().await;
    app.token("tally_groups", Role::Admin, &["groups:write"])
        .await;
    let groups = json!({"groups": [{"name": "g"}]});
    for (token, document, status) in [
        (None, groups.clone(), 401),
        (Some(READER), groups.clone(), 403),
        (Some(OPERATOR), groups.clone(), 403),
        // A caller that may change nothing does not learn the faults of a document.
        (Some(READER), json!({"x": 1}), 403),
        (Some("tally_groups"), farm(), 403),
        (Some("tally_groups"), groups, 200),
    ] {
        let answered = app.ask("POST", "/v1/apply", token, Some(document)).await;
        assert_eq!(answered.status, status, "{token:?}: {answered:?}");
    }
}
