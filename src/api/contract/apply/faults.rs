//! Whatever is wrong with a document is named with its place, and nothing of it happens.

use super::*;

/// What is wrong, and where: one row per fault.
#[tokio::test]
async fn a_document_with_faults_names_their_places_and_does_nothing() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    ok(app.apply(&json!({
        "groups": [{"name": "testers"}],
        "worker_pools": [{"title": "Other pool"}],
        "projects": [{"title": "Project 2", "worker_pools": ["Other pool"]}],
        "job_templates": [{"title": "Twice", "project": "Project 1"}, {"title": "Twice", "project": "Project 2"}],
    })).await);
    let head = app.head();
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
            json!({"users": [{"username": "x", "password": "correct horse", "admin": "yes"}]}),
            "users[0].admin",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "1234567"}]}),
            "users[0].password",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password_file": "/etc/passwd"}]}),
            "users[0].password_file",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "correct horse", "groups": "builders"}]}),
            "users[0].groups",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "correct horse", "groups": [null]}]}),
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
            json!({"users": [{"username": "x", "password": "correct horse", "groups": ["unknown"]}]}),
            "users[0].groups[0]",
            400,
        ),
        (
            json!({"users": [{"username": "x", "password": "correct horse", "groups": [99]}]}),
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
        (job(json!({"parent": "unknown"})), "jobs[0].parent", 400),
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
        // Settings of a job beyond the old server.
        (job(json!({"cron": "0 3 30 2 *"})), "jobs[0].cron", 400),
        (job(json!({"cron": "0 0 3 * * *"})), "jobs[0].cron", 400),
        (job(json!({"cron": "@reboot"})), "jobs[0].cron", 400),
        (job(json!({"cron": 3})), "jobs[0].cron", 400),
        (job(json!({"cron": "* ".repeat(100)})), "jobs[0].cron", 400),
        (
            job(json!({"cron": "@daily", "reschedule_interval": 1})),
            "jobs[0].cron",
            400,
        ),
        (
            // The interval is there already.
            json!({"jobs": [{"title": "nightly", "cron": "@daily"}]}),
            "jobs[0].cron",
            400,
        ),
        (
            job(json!({"time_zone": "Europe/Entenhausen"})),
            "jobs[0].time_zone",
            400,
        ),
        (
            job(json!({"time_zone": "+02:00"})),
            "jobs[0].time_zone",
            400,
        ),
        (
            job(json!({"run_timeout_seconds": 0})),
            "jobs[0].run_timeout_seconds",
            400,
        ),
        (
            job(json!({"run_timeout_seconds": 2_592_001})),
            "jobs[0].run_timeout_seconds",
            400,
        ),
        (job(json!({"retries": 11})), "jobs[0].retries", 400),
        (job(json!({"retries": -1})), "jobs[0].retries", 400),
        (
            job(json!({"retry_delay_seconds": 86_401})),
            "jobs[0].retry_delay_seconds",
            400,
        ),
    ] {
        let refused = app.apply(&document).await;
        assert_eq!(refused.status, status, "{document}: {refused:?}");
        let places = refused.body["errors"].as_array().unwrap();
        let places: Vec<_> = places
            .iter()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(places, [place], "{document}: {refused:?}");
        assert_eq!(app.head(), head, "{document}");
    }
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let app = TestApp::new().await;
    let document = json!({
        "groups": [{"name": 1}, {"nam": "x"}],
        "projects": [{"title": "", "groups": 3}],
    });
    let refused = app.apply(&document).await;
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
    let refused = app.apply(&document).await;
    assert_eq!(
        refused.body["errors"].as_array().unwrap().len(),
        4,
        "{refused:?}"
    );
}
