//! One document makes the farm as somebody wants it.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

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

impl TestHouse {
    async fn apply(&self, document: &Value) -> Answered {
        self.post("/v1/apply", Some(document.clone())).await
    }

    fn head(&self) -> Position {
        self.house.commands.head()
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
    let house = TestHouse::new().await;
    let applied = ok(house.apply(&farm()).await);
    let objects = &applied["objects"];
    for (plural, name, id) in [
        ("groups", "builders", 1),
        ("users", "jane", 1),
        ("workers", "Worker 1", 1),
        ("worker_pools", "Pool 1", 1),
        ("projects", "Project 1", 1),
        ("job_templates", "Shell", 1),
        // Parents come first, wherever they stand.
        ("jobs", "nightly", 1),
        ("jobs", "child", 2),
    ] {
        let thing = &objects[plural][name];
        assert_eq!(thing["id"], id, "{plural} {name}: {applied:#}");
        assert_eq!(thing["action"], "created", "{plural} {name}");
    }
    assert_eq!(objects["jobs"]["nightly"]["first_run"], 1);
    assert_eq!(applied["notes"], json!([]));

    let head = house.head();
    let again = ok(house.apply(&farm()).await);
    assert_eq!(again["changed"], false, "{again:#}");
    assert_eq!(house.head(), head);
}

#[tokio::test]
async fn what_is_made_is_as_it_was_wanted() {
    let house = TestHouse::new().await;
    ok(house.apply(&farm()).await);
    let project = ok(house.get("/v1/projects/1").await);
    assert_eq!(project["groups"], json!([{"id": 1, "title": "builders"}]));
    assert_eq!(
        project["worker_pools"],
        json!([{"id": 1, "title": "Pool 1"}])
    );
    let pool = ok(house.get("/v1/worker-pools/1").await);
    assert_eq!(
        pool["notification_addresses"],
        "a@example.com\nb@example.com"
    );
    let job = ok(house.get("/v1/jobs/1").await);
    assert_eq!(job["script_content_partial"], "echo hello");
    assert_eq!(job["exclude_windows"], json!(["22:00-06:00"]));
    assert_eq!(job["reschedule_interval_type"], "DAY");
    let child = ok(house.get("/v1/jobs/2").await);
    assert_eq!(child["parent"], json!({"id": 1, "title": "nightly"}));
    let roster = house.house.views.roster();
    let secret = roster.read(|roster| roster.worker_by_key("worker1").unwrap().secret.clone());
    let opened = house.house.seal.open(&secret).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&opened), "verysecret");
    let user = roster.user(1).unwrap().unwrap().facts.user;
    let passwords = &house.house.passwords;
    assert!(
        passwords
            .is("correct horse".into(), Some(user.password))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn what_is_not_spoken_of_stays_and_a_list_is_the_whole_list() {
    let house = TestHouse::new().await;
    ok(house.apply(&farm()).await);
    let edit = json!({
        "workers": [{"title": "Worker 2"}],
        "worker_pools": [{"title": "Pool 1", "workers": ["Worker 2"], "description": "all of them"}],
        "jobs": [{"title": "nightly", "reschedule_interval": null, "reschedule_interval_type": ""}],
    });
    let applied = ok(house.apply(&edit).await);
    assert_eq!(
        applied["objects"]["worker_pools"]["Pool 1"]["changes"],
        json!([
            {"field": "description", "before": "", "after": "all of them"},
            {"field": "workers", "before": ["Worker 1"], "after": ["Worker 2"]},
        ])
    );
    let job = ok(house.get("/v1/jobs/1").await);
    assert_eq!(job["reschedule_interval"], Value::Null);
    assert_eq!(job["script_content_partial"], "echo hello");
    let pool = ok(house.get("/v1/worker-pools/1").await);
    assert_eq!(
        pool["notification_addresses"],
        "a@example.com\nb@example.com"
    );
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_does_nothing() {
    let house = TestHouse::new().await;
    let head = house.head();
    let told = ok(house.post("/v1/apply?dry_run=true", Some(farm())).await);
    assert_eq!(
        (&told["dry_run"], &told["changed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(told["objects"]["jobs"]["nightly"]["id"], Value::Null);
    assert_eq!(house.head(), head);
    assert_eq!(house.get("/v1/jobs").await.body["items"], json!([]));

    ok(house.apply(&farm()).await);
    let head = house.head();
    let mut wanted = farm();
    wanted["users"][0]["password"] = json!("another horse");
    wanted["workers"][0]["secret"] = json!("another secret");
    wanted["jobs"][1]["script_content_partial"] = json!("x".repeat(100_000));
    let told = ok(house
        .post("/v1/apply?dry_run=true", Some(wanted.clone()))
        .await);
    let hidden = |field: &str| json!([{"field": field, "before": null, "after": null}]);
    assert_eq!(
        told["objects"]["users"]["jane"]["changes"],
        hidden("password")
    );
    assert_eq!(
        told["objects"]["workers"]["Worker 1"]["changes"],
        hidden("secret")
    );
    assert_eq!(told["objects"]["groups"]["builders"]["action"], "unchanged");
    assert_eq!(house.head(), head);
    // What a dry run says is what happens.
    let mut done = ok(house.apply(&wanted).await);
    done["dry_run"] = json!(true);
    assert_eq!(done, told);
    let again = ok(house.apply(&wanted).await);
    assert_eq!(again["changed"], false, "{again:#}");
}

#[tokio::test]
async fn secrets_that_nobody_gives_are_made_up_and_shown_once() {
    let house = TestHouse::new().await;
    let document =
        json!({"workers": [{"title": "Worker 1"}, {"title": "Worker 2", "api_key": "given"}]});
    let told = ok(house
        .post("/v1/apply?dry_run=true", Some(document.clone()))
        .await);
    assert_eq!(told["objects"]["workers"]["Worker 1"].get("secret"), None);
    assert_eq!(told["objects"]["workers"]["Worker 1"].get("api_key"), None);
    assert_eq!(told["objects"]["workers"]["Worker 2"]["api_key"], "given");

    let applied = ok(house.apply(&document).await);
    let worker = &applied["objects"]["workers"]["Worker 1"];
    let secret = worker["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 43);
    let key = worker["api_key"].as_str().unwrap();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    assert!(!key.is_empty() && key.chars().all(plain), "{key}");
    let again = ok(house.apply(&document).await);
    assert_eq!(again["objects"]["workers"]["Worker 1"]["api_key"], key);
    assert_eq!(again["objects"]["workers"]["Worker 1"].get("secret"), None);
    assert_eq!(again["changed"], false);
    assert!(!house.everything().await.contains(secret));
}

#[tokio::test]
async fn no_secret_is_ever_told_again() {
    let house = TestHouse::new().await;
    let applied = ok(house.apply(&farm()).await).to_string();
    let everything = house.everything().await;
    for secret in ["verysecret", "correct horse"] {
        assert!(!applied.contains(secret), "{applied}");
        assert!(!everything.contains(secret), "{secret}");
    }
    for path in ["/v1/users/1", "/v1/workers/1", "/v1/users", "/v1/workers"] {
        let shown = ok(house.get(path).await).to_string();
        for secret in ["sealed:", "argon2", "\"secret\"", "password"] {
            assert!(!shown.contains(secret), "{path}: {shown}");
        }
    }
    // Not even when it is wrong.
    for document in [
        json!({"users": [{"username": "x", "password": 12_345_678}]}),
        json!({"users": [{"username": "x", "password": ["12345678"]}]}),
        json!({"users": [{"username": "x", "password": "12345678".repeat(200)}]}),
        json!({"workers": [{"title": "x", "secret": 12_345_678, "sekret": "12345678"}]}),
    ] {
        let refused = house.apply(&document).await;
        assert_eq!(refused.status, 400, "{document}");
        assert!(
            !refused.body.to_string().contains("12345678"),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn every_change_names_who_made_it_and_why() {
    let house = TestHouse::new().await;
    let reason = "/v1/apply?reason=as%20agreed";
    ok(house
        .post(reason, Some(json!({"groups": [{"name": "g"}]})))
        .await);
    let events = house.get("/v1/streams/group-1").await;
    let metadata = &events.body["items"][0]["metadata"];
    assert_eq!(metadata["actor"]["id"], ADMIN);
    assert_eq!(metadata["reason"], "as agreed");
}

/// What is wrong, and where: one row per fault.
#[tokio::test]
async fn a_document_with_faults_names_their_places_and_does_nothing() {
    let house = TestHouse::new().await;
    ok(house.apply(&farm()).await);
    ok(house.apply(&json!({
        "groups": [{"name": "testers"}],
        "worker_pools": [{"title": "Other pool"}],
        "projects": [{"title": "Project 2", "worker_pools": ["Other pool"]}],
        "job_templates": [{"title": "Twice", "project": "Project 1"}, {"title": "Twice", "project": "Project 2"}],
    })).await);
    let head = house.head();
    let job = |more: Value| {
        let mut job = json!({"title": "j", "job_template": "Shell", "worker_pool": "Pool 1"});
        job.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"jobs": [job]})
    };
    let long = "x".repeat(256);
    for (document, place, status) in [
        // Shapes.
        (json!([]), "", 400),
        (json!("groups"), "", 400),
        (json!({"grups": []}), "grups", 400),
        (json!({"groups": {}}), "groups", 400),
        (json!({"groups": [[]]}), "groups[0]", 400),
        (
            json!({"groups": [{"name": "a"}, {"name": "b", "nam": "b"}]}),
            "groups[1].nam",
            400,
        ),
        (json!({"groups": [{}]}), "groups[0].name", 400),
        (json!({"groups": [{"name": ""}]}), "groups[0].name", 400),
        (json!({"groups": [{"name": " a"}]}), "groups[0].name", 400),
        (json!({"groups": [{"name": "a\nb"}]}), "groups[0].name", 400),
        (json!({"groups": [{"name": long}]}), "groups[0].name", 400),
        (json!({"groups": [{"name": 7}]}), "groups[0].name", 400),
        (
            json!({"groups": [{"id": 0, "name": "a"}]}),
            "groups[0].id",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "p", "admin": "yes"}]}),
            "users[0].admin",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": ""}]}),
            "users[0].password",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password_file": "/etc/passwd"}]}),
            "users[0].password_file",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "p", "groups": "builders"}]}),
            "users[0].groups",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "p", "groups": [null]}]}),
            "users[0].groups[0]",
            400,
        ),
        (
            json!({"worker_pools": [{"title": "p", "notification_addresses": [1]}]}),
            "worker_pools[0].notification_addresses",
            400,
        ),
        (
            json!({"worker_pools": [{"title": "p", "description": "a\u{0}b"}]}),
            "worker_pools[0].description",
            400,
        ),
        (
            job(json!({"reschedule_interval": 0})),
            "jobs[0].reschedule_interval",
            400,
        ),
        (
            job(json!({"reschedule_interval": 1.5})),
            "jobs[0].reschedule_interval",
            400,
        ),
        (
            job(json!({"reschedule_interval": 5_000_000_000_u64})),
            "jobs[0].reschedule_interval",
            400,
        ),
        (
            job(json!({"reschedule_interval_type": "WEEK"})),
            "jobs[0].reschedule_interval_type",
            400,
        ),
        (
            job(json!({"exclude_windows": ["22-06"]})),
            "jobs[0].exclude_windows[0]",
            400,
        ),
        (
            job(json!({"exclude_windows": ["22:00-06:00", {"start": "25:00", "end": "06:00"}]})),
            "jobs[0].exclude_windows[1]",
            400,
        ),
        (
            job(json!({"first_run": "tomorrow"})),
            "jobs[0].first_run",
            400,
        ),
        (
            job(json!({"parent": {"title": "nightly"}})),
            "jobs[0].parent",
            400,
        ),
        (
            job(json!({"worker_pool": null})),
            "jobs[0].worker_pool",
            400,
        ),
        (
            job(json!({"run_on_all_workers": 1})),
            "jobs[0].run_on_all_workers",
            400,
        ),
        // References and what must fit.
        (
            json!({"users": [{"username": "x"}]}),
            "users[0].password",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "p", "groups": ["nobody"]}]}),
            "users[0].groups[0]",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "p", "groups": [99]}]}),
            "users[0].groups[0]",
            400,
        ),
        (
            json!({"groups": [{"id": 99, "name": "a"}]}),
            "groups[0].id",
            400,
        ),
        (
            json!({"groups": [{"name": "a"}, {"name": "a"}]}),
            "groups[1]",
            400,
        ),
        (
            json!({"workers": [{"title": "w", "api_key": "a:b"}]}),
            "workers[0]",
            400,
        ),
        (
            json!({"workers": [{"title": "w", "api_key": "worker1"}]}),
            "workers[0].api_key",
            409,
        ),
        (
            json!({"groups": [{"id": 2, "name": "builders"}]}),
            "groups[0].name",
            409,
        ),
        (
            json!({"job_templates": [{"title": "t"}]}),
            "job_templates[0].project",
            400,
        ),
        (
            json!({"job_templates": [{"title": "Twice"}]}),
            "job_templates[0].project",
            400,
        ),
        (
            json!({"jobs": [{"title": "j", "job_template": "Shell"}]}),
            "jobs[0].worker_pool",
            400,
        ),
        (
            json!({"jobs": [{"title": "j", "worker_pool": "Pool 1"}]}),
            "jobs[0].job_template",
            400,
        ),
        (
            job(json!({"job_template": "Twice"})),
            "jobs[0].job_template",
            400,
        ),
        (
            job(json!({"worker_pool": "Other pool"})),
            "jobs[0].worker_pool",
            400,
        ),
        (job(json!({"parent": "nobody"})), "jobs[0].parent", 400),
        (job(json!({"parent": "j"})), "jobs[0].parent", 400),
        (
            json!({"jobs": [{"title": "nightly", "parent": "nightly"}]}),
            "jobs[0].parent",
            400,
        ),
        (
            json!({"jobs": [{"title": "nightly", "parent": "child"}]}),
            "jobs[0].parent",
            400,
        ),
        (
            json!({"projects": [{"title": "Project 1", "worker_pools": []}]}),
            "projects[0].worker_pools",
            400,
        ),
    ] {
        let refused = house.apply(&document).await;
        assert_eq!(refused.status, status, "{document}: {refused:?}");
        let places = refused.body["errors"].as_array().unwrap();
        let places: Vec<_> = places
            .iter()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(places, [place], "{document}: {refused:?}");
        assert_eq!(house.head(), head, "{document}");
    }
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let house = TestHouse::new().await;
    let document = json!({
        "groups": [{"name": 1}, {"nam": "x"}],
        "projects": [{"title": "", "groups": 3}],
    });
    let refused = house.apply(&document).await;
    let places: Vec<_> = refused.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(
        places,
        [
            "groups[0].name",
            "groups[1].nam",
            "groups[1].name",
            "projects[0].title",
            "projects[0].groups"
        ]
    );
    let document = json!({"projects": [
        {"title": "a", "groups": ["x", "y"], "worker_pools": ["z"]},
        {"title": "b", "auth_groups": ["x"]},
    ]});
    let refused = house.apply(&document).await;
    assert_eq!(
        refused.body["errors"].as_array().unwrap().len(),
        4,
        "{refused:?}"
    );
}

#[tokio::test]
async fn things_of_one_title_are_told_apart_by_what_they_belong_to() {
    let house = TestHouse::new().await;
    let document = json!({
        "worker_pools": [{"title": "p"}],
        "projects": [{"title": "one", "worker_pools": ["p"]}, {"title": "two", "worker_pools": ["p"]}],
        "job_templates": [{"title": "Shell", "project": "one"}, {"title": "Shell", "project": "two"}, {"title": "a/b", "project": "two"}],
        "jobs": [
            {"title": "build", "job_template": "one/Shell", "worker_pool": "p"},
            {"title": "build", "job_template": "two/Shell", "worker_pool": "p", "parent": "one/Shell/build"},
            {"title": "test", "job_template": "two/a/b", "worker_pool": "p", "parent": "two/Shell/build"},
        ],
    });
    let applied = ok(house.apply(&document).await);
    let jobs = &applied["objects"]["jobs"];
    let number = |key: &str| {
        jobs[key]["id"]
            .as_u64()
            .unwrap_or_else(|| panic!("{key}: {jobs:#}"))
    };
    let parent = async |key: &str| {
        let job = house.get(&format!("/v1/jobs/{}", number(key))).await;
        job.body["parent"]["id"].as_u64()
    };
    assert_eq!(
        parent("two/Shell/build").await,
        Some(number("one/Shell/build"))
    );
    assert_eq!(parent("test").await, Some(number("two/Shell/build")));
    assert_eq!(applied["objects"]["job_templates"]["one/Shell"]["id"], 1);
    let again = ok(house.apply(&document).await);
    assert_eq!(again["changed"], false, "{again:#}");

    // Numbers will do; and of several, the one in the same template is meant.
    let template = house.get("/v1/job-templates/2").await;
    assert_eq!(template.body["project"]["title"], "two");
    let ship = json!({"jobs": [
        {"title": "ship", "job_template": 2, "worker_pool": 1, "parent": "build"},
    ]});
    let applied = ok(house.apply(&ship).await);
    let ship = applied["objects"]["jobs"]["ship"]["id"].as_u64().unwrap();
    let ship = house.get(&format!("/v1/jobs/{ship}")).await;
    assert_eq!(ship.body["parent"]["id"], number("two/Shell/build"));
}

#[tokio::test]
async fn a_thing_with_a_number_may_be_renamed_and_its_name_is_free() {
    let house = TestHouse::new().await;
    ok(house.apply(&farm()).await);
    let renamed = json!({
        "groups": [{"id": 1, "name": "makers"}, {"name": "builders"}],
        "jobs": [{"id": 1, "title": "daily"}],
    });
    let applied = ok(house.apply(&renamed).await);
    assert_eq!(applied["objects"]["groups"]["makers"]["action"], "changed");
    assert_eq!(applied["objects"]["groups"]["builders"]["id"], 2);
    assert_eq!(applied["objects"]["jobs"]["daily"]["id"], 1);
    // A job of the old title may be made in its template again.
    let job =
        json!({"jobs": [{"title": "nightly", "job_template": "Shell", "worker_pool": "Pool 1"}]});
    assert_eq!(
        ok(house.apply(&job).await)["objects"]["jobs"]["nightly"]["id"],
        3
    );
}

#[tokio::test]
async fn a_new_job_that_will_never_run_is_pointed_out() {
    let house = TestHouse::new().await;
    ok(house.apply(&farm()).await);
    for (more, notes) in [
        (
            json!({"reschedule_interval": 1, "reschedule_interval_type": "HOUR"}),
            1,
        ),
        (json!({"reschedule_interval": 1}), 1),
        (
            json!({"reschedule_interval": 1, "reschedule_interval_type": "HOUR", "first_run": "2026-12-01T00:00:00Z"}),
            0,
        ),
        (json!({}), 0),
    ] {
        let mut job = json!({"title": format!("job {more}"), "job_template": "Shell", "worker_pool": "Pool 1"});
        job.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let applied = ok(house.apply(&json!({"jobs": [job]})).await);
        assert_eq!(
            applied["notes"].as_array().unwrap().len(),
            notes,
            "{more}: {applied:#}"
        );
    }
}

#[tokio::test]
async fn a_first_run_is_scheduled_once() {
    let house = TestHouse::new().await;
    ok(house.apply(&farm()).await);
    ok(house.apply(&farm()).await);
    let mut later = farm();
    later["jobs"][1]["first_run"] = json!("2026-12-01T00:00:00+01:00");
    ok(house.apply(&later).await);
    let runs = house.get("/v1/events?category=run").await;
    let scheduled = items(&runs, "type");
    assert_eq!(scheduled, ["run.scheduled"]);
    let data = items(&runs, "data")[0].clone();
    assert_eq!(
        (&data["schedule_at"], &data["job"]),
        (&json!(NOW), &json!(1))
    );
    assert_eq!(
        (&data["is_manual"], &data["schedule_children"]),
        (&json!(false), &json!(true))
    );
}

/// More than one append takes: it is made part by part, and comes out the same.
#[tokio::test]
async fn a_large_document_is_made_part_by_part() {
    let house = TestHouse::new().await;
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
    let applied = ok(house.apply(&document).await);
    assert_eq!(applied["objects"]["jobs"].as_object().unwrap().len(), 1200);
    let head = house.head();
    let again = ok(house.apply(&document).await);
    assert_eq!(again["changed"], false);
    assert_eq!(house.head(), head);
    // Nothing of a large document happens either when something in it is wrong.
    document["groups"] = json!([{"name": "one more"}]);
    document["jobs"][0]["parent"] = json!("nobody");
    assert_eq!(house.apply(&document).await.status, 400);
    assert_eq!(house.head(), head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_document_from_several_at_once_makes_one_farm() {
    let house = TestHouse::new().await;
    let document = json!({
        "groups": [{"name": "g"}],
        "worker_pools": [{"title": "p"}],
        "projects": [{"title": "t", "groups": ["g"], "worker_pools": ["p"]}],
    });
    let all = futures::future::join_all((0..8).map(|_| house.apply(&document))).await;
    for answered in all {
        let applied = ok(answered);
        assert_eq!(applied["objects"]["projects"]["t"]["id"], 1);
    }
    assert_eq!(
        house.get("/v1/projects").await.body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn only_who_may_change_all_of_it_applies_a_document() {
    let house = TestHouse::new().await;
    house
        .token("tally_groups", Role::Admin, &["groups:write"])
        .await;
    let groups = json!({"groups": [{"name": "g"}]});
    for (token, document, status) in [
        (None, groups.clone(), 401),
        (Some(READER), groups.clone(), 403),
        (Some(OPERATOR), groups.clone(), 403),
        // Nobody who may change nothing is told what is wrong with a document.
        (Some(READER), json!({"x": 1}), 403),
        (Some("tally_groups"), farm(), 403),
        (Some("tally_groups"), groups, 200),
    ] {
        let answered = house.ask("POST", "/v1/apply", token, Some(document)).await;
        assert_eq!(answered.status, status, "{token:?}: {answered:?}");
    }
}

/// A few names, so that documents speak of the same things again and again.
fn some_document() -> impl Strategy<Value = Value> {
    let name = |kind: &'static str| (0..3_u8).prop_map(move |n| format!("{kind} {n}"));
    let group = name("g").prop_map(|name| json!({"name": name}));
    let worker = (name("w"), any::<bool>(), "[a-z]{0,3}").prop_map(|(title, on, description)| {
        json!({"title": title, "secret": format!("secret of {title}"), "enqueue_is_enabled": on, "description": description})
    });
    let pool = (name("p"), any::<bool>())
        .prop_map(|(title, on)| json!({"title": title, "enqueue_is_enabled": on}));
    let job = (name("j"), 0..2_u8, any::<bool>(), proptest::option::of(1..5_u32)).prop_map(|(title, template, all, count)| {
        json!({"title": title, "job_template": format!("t {template}"), "worker_pool": "the pool", "run_on_all_workers": all,
               "reschedule_interval": count, "reschedule_interval_type": "HOUR", "first_run": "now"})
    });
    let some = |one: BoxedStrategy<Value>, key: &'static str| {
        proptest::collection::vec(one, 0..4).prop_map(move |things| {
            let mut seen = std::collections::BTreeSet::new();
            let called = |thing: &Value| format!("{}{}", thing[key], thing["job_template"]);
            things
                .into_iter()
                .filter(|thing| seen.insert(called(thing)))
                .collect::<Vec<_>>()
        })
    };
    (
        some(group.boxed(), "name"),
        some(worker.boxed(), "title"),
        some(pool.boxed(), "title"),
        some(job.boxed(), "title"),
        any::<[bool; 3]>(),
    )
        .prop_map(|(groups, workers, mut pools, jobs, listed)| {
            let workers_of: Vec<_> = workers.iter().map(|worker| worker["title"].clone()).collect();
            let groups_of: Vec<_> = groups.iter().map(|group| group["name"].clone()).collect();
            pools.push(json!({"title": "the pool", "workers": workers_of}));
            let mut project = json!({"title": "the project", "worker_pools": ["the pool"]});
            for (key, listed) in ["groups", "auth_groups"].into_iter().zip(listed) {
                if listed {
                    project[key] = json!(groups_of);
                }
            }
            json!({
                "groups": groups, "workers": workers, "worker_pools": pools, "projects": [project],
                "job_templates": [{"title": "t 0", "project": "the project"}, {"title": "t 1", "project": "the project"}],
                "jobs": jobs,
            })
        })
}

#[test]
fn whatever_was_there_before_telling_the_same_twice_adds_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config::with_cases(24));
    let stories = proptest::collection::vec(some_document(), 1..4);
    runner
        .run(&stories, |documents| {
            runtime.block_on(async {
                let house = TestHouse::new().await;
                for document in documents {
                    let told = house
                        .post("/v1/apply?dry_run=true", Some(document.clone()))
                        .await;
                    prop_assert_eq!(told.status, 200, "{:?}", told);
                    let applied = house.apply(&document).await;
                    prop_assert_eq!(applied.status, 200, "{:?}", applied);
                    prop_assert_eq!(&told.body["changed"], &applied.body["changed"]);
                    let head = house.head();
                    let again = house.apply(&document).await;
                    prop_assert_eq!(
                        &again.body["changed"],
                        &json!(false),
                        "{}\n{:?}",
                        document,
                        again
                    );
                    prop_assert_eq!(house.head(), head);
                }
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn no_document_breaks_anything() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let house = runtime.block_on(TestHouse::new());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("Shell")),
    ];
    let key = proptest::sample::select(vec![
        "groups",
        "users",
        "workers",
        "worker_pools",
        "projects",
        "job_templates",
        "jobs",
        "name",
        "title",
        "username",
        "password",
        "secret",
        "api_key",
        "parent",
        "worker_pool",
        "job_template",
        "project",
        "id",
        "exclude_windows",
        "first_run",
        "reschedule_interval",
        "x",
    ]);
    let value = leaf.prop_recursive(4, 40, 5, move |inner| {
        let object = proptest::collection::btree_map(
            key.clone().prop_map(str::to_owned),
            inner.clone(),
            0..6,
        );
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    let mut runner = TestRunner::new(Config::with_cases(300));
    runner
        .run(&value, |document| {
            let answered = runtime.block_on(house.post("/v1/apply?dry_run=true", Some(document)));
            prop_assert!(
                matches!(answered.status.as_u16(), 200 | 400 | 409),
                "{:?}",
                answered
            );
            Ok(())
        })
        .unwrap();
}
