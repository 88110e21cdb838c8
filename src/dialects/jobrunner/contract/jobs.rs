//! Jobs are created, changed and put back.

use domain::jobs::project::{Project, ProjectCommand};

use super::*;

fn new_job() -> Value {
    json!({
        "title": "New job",
        "job_template": "/api/v1/job_template/1/",
        "worker_pool": "/api/v1/worker_pool/1/",
        "script_content_partial": "echo new",
        "parent": "/api/v1/job/3/",
        "reschedule_interval": 2,
        "reschedule_interval_type": "HOUR",
        "disable_enqueue_after_fails": 3,
        "id": 1,
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut job = new_job();
    job[field] = value;
    job
}

fn without(field: &str) -> Value {
    let mut job = new_job();
    job.as_object_mut().unwrap().remove(field);
    job
}

/// D: 7.2.
#[tokio::test]
async fn a_job_is_created_with_a_number_of_its_own() {
    let app = TestApp::new().await;
    for (who, title, number) in [(WORKER, "New job", 5), (ADMIN, "Another", 6)] {
        let body = with("title", json!(title)).to_string();
        let answered = app.ask(who, "POST", "/api/v1/job/", body).await;
        assert_eq!(answered.status, 201, "{answered:?}");
        assert_eq!(answered.text, "");
        let place = format!("http://127.0.0.1:8124/api/v1/job/{number}/");
        assert_eq!(answered.header("location"), place);
        let job = app.get(who, &format!("/api/v1/job/{number}/")).await.json();
        assert_eq!(job["title"], title);
        assert_eq!(job["script_content"], "#!/bin/sh\necho new\n");
        assert_eq!(job["reschedule_interval"], 2);
        assert_eq!(job["reschedule_interval_type"], "HOUR");
        assert_eq!(job["enqueue_is_enabled"], true);
        assert_eq!(job["parent"], "/api/v1/job/3/");
    }
    let parent = app.get(WORKER, "/api/v1/job/3/").await.json();
    assert_eq!(
        parent["children"],
        json!(["/api/v1/job/5/", "/api/v1/job/6/"])
    );
    let kept = app.get(WORKER, "/api/v1/job/1/").await.json();
    assert_eq!(kept["title"], "Test job 1");
}

/// D: 5.0 and 7.2. Fields that are not sent have the defaults of the contract.
#[tokio::test]
async fn a_job_with_only_the_required_fields_has_the_usual_rest() {
    let app = TestApp::new().await;
    let body = json!({
        "title": "New job",
        "job_template": "/api/v1/job_template/1/",
        "worker_pool": "/api/v1/worker_pool/1/",
    });
    let number = app.create(ADMIN, Resource::Job, body).await;
    let job = app.get(ADMIN, &Resource::Job.uri(number)).await;
    let expected = r##"{"children": [], "description": "", "disable_enqueue_after_fails": null, "enqueue_is_enabled": true, "id": 5, "job_template": "/api/v1/job_template/1/", "notification_addresses": "", "parent": null, "reschedule_interval": null, "reschedule_interval_type": "", "resource_uri": "/api/v1/job/5/", "run_on_all_workers": false, "schedule_children_on_error": false, "script_content": "#!/bin/sh\n\n", "script_content_partial": "", "title": "New job", "worker_pool": "/api/v1/worker_pool/1/"}"##;
    assert_eq!(job.text, expected);
}

/// D: 7.1 and 18.18. A list of children follows from the parents' fields, not from what is sent.
#[tokio::test]
async fn children_leave_their_parent_only_by_their_own_field() {
    let app = TestApp::new().await;
    let target = "/api/v1/job/1/";
    let kept = json!(["/api/v1/job/3/"]);
    for (method, status) in [("PATCH", 202), ("PUT", 204)] {
        for body in [
            json!({"children": []}),
            json!({"children": ["/api/v1/job/2/"]}),
        ] {
            let answered = app.ask(ADMIN, method, target, body.to_string()).await;
            assert_eq!(answered.status, status, "{method} {body}");
            let job = app.get(ADMIN, target).await.json();
            assert_eq!(job["children"], kept, "{method} {body}");
        }
    }
    let left = json!({"parent": null});
    assert_eq!(app.patch(ADMIN, "/api/v1/job/3/", left).await, 202);
    let job = app.get(ADMIN, target).await.json();
    assert_eq!(job["children"], json!([]));
}

/// 18.6: the path names the job, not the body.
#[tokio::test]
async fn a_job_that_is_put_with_the_number_of_another_stays_itself() {
    let app = TestApp::new().await;
    let mut body = app.get(ADMIN, "/api/v1/job/1/").await.json();
    (body["id"], body["resource_uri"]) = (json!(2), json!("/api/v1/job/2/"));
    body["title"] = json!("Renamed");
    let answered = app
        .ask(ADMIN, "PUT", "/api/v1/job/1/", body.to_string())
        .await;
    assert_eq!(answered.status, 204);
    for (number, title) in [(1, "Renamed"), (2, "Test job 2")] {
        let job = app.get(ADMIN, &Resource::Job.uri(number)).await.json();
        assert_eq!(job["title"], title);
    }
}

/// 18.8 and 18.19.
#[tokio::test]
async fn a_job_that_makes_no_sense_is_refused() {
    let app = TestApp::new().await;
    for (body, status) in [
        (without("title"), 400),
        (without("job_template"), 400),
        (without("worker_pool"), 400),
        (with("title", json!("")), 400),
        (with("title", json!(null)), 400),
        (with("title", json!(7)), 400),
        (with("title", json!("t".repeat(256))), 400),
        (with("title", json!("two\nlines")), 400),
        (with("title", json!("\u{1b}[31mred")), 400),
        (with("title", json!("\u{9b}31m")), 400),
        (with("title", json!("Test job 1")), 409),
        (with("job_template", json!(1)), 400),
        (with("job_template", json!("/api/v1/job_template/1")), 400),
        (with("job_template", json!("/api/v1/job/1/")), 400),
        (with("job_template", json!("/api/v1/job_template/9/")), 400),
        (with("job_template", json!("/api/v1/job_template/2/")), 401),
        (with("worker_pool", json!("/api/v1/worker_pool/2/")), 401),
        (with("worker_pool", json!(null)), 400),
        (with("parent", json!("/api/v1/job/4/")), 401),
        (with("parent", json!("/api/v1/job/99/")), 400),
        (with("reschedule_interval", json!(0)), 400),
        (with("reschedule_interval", json!(-1)), 400),
        (with("reschedule_interval", json!("1")), 400),
        (with("reschedule_interval_type", json!("WEEK")), 400),
        (with("reschedule_interval_type", json!(null)), 400),
        (with("disable_enqueue_after_fails", json!(-1)), 400),
        (with("run_on_all_workers", json!("yes")), 400),
        (with("enqueue_is_enabled", json!(null)), 400),
    ] {
        for who in [WORKER, ADMIN] {
            let answered = app.ask(who, "POST", "/api/v1/job/", body.to_string()).await;
            assert_eq!(answered.status, status, "{who:?} {body}");
        }
    }
    assert_eq!(app.events("job.created").await.len(), 4);
}

/// 18.19: the pool is one of the project's.
#[tokio::test]
async fn a_job_uses_a_pool_of_its_project() {
    let app = TestApp::new().await;
    // A worker that sees both pools, of which the project has one.
    let both = domain::jobs::worker_pool::WorkerPoolCommand::AddWorker {
        worker: 1,
        at: NOW.parse().unwrap(),
    };
    app.tell::<domain::jobs::worker_pool::WorkerPool>(2, both)
        .await;
    let body = with("worker_pool", json!("/api/v1/worker_pool/2/"));
    let answered = app
        .ask(WORKER, "POST", "/api/v1/job/", body.to_string())
        .await;
    assert_eq!(answered.status, 400);
    let moved = json!({"worker_pool": "/api/v1/worker_pool/2/"});
    assert_eq!(app.patch(WORKER, "/api/v1/job/1/", moved).await, 400);
    let moved = json!({
        "worker_pool": "/api/v1/worker_pool/2/",
        "job_template": "/api/v1/job_template/2/",
    });
    assert_eq!(app.patch(WORKER, "/api/v1/job/1/", moved).await, 202);
}

/// D: 7.3 and 18.18. The dashboard sends back what it got, with one field changed.
#[tokio::test]
async fn a_job_that_is_put_back_keeps_what_was_not_spoken_of() {
    let app = TestApp::new().await;
    let (admin, target) = (ADMIN, "/api/v1/job/1/");
    let mut job = app.get(admin, target).await.json();
    job["enqueue_is_enabled"] = json!(false);
    let expected = job.clone();
    for body in [job, json!({"enqueue_is_enabled": false}), json!({})] {
        for _ in 0..2 {
            let answered = app.ask(admin, "PUT", target, body.to_string()).await;
            assert_eq!(answered.status, 204, "{body}");
            assert_eq!(answered.text, "");
        }
        assert_eq!(app.get(admin, target).await.json(), expected);
    }
    assert_eq!(app.events("job.enqueue_suspended").await.len(), 1);
    assert!(app.events("job.edited").await.is_empty());
    for (target, who, status) in [
        ("/api/v1/job/99/", admin, 404),
        ("/api/v1/job/4/", admin, 401),
        (target, VIEWER, 401),
    ] {
        let answered = app.ask(who, "PUT", target, "{}").await;
        assert_eq!(answered.status, status, "{who:?} {target}");
    }
}

/// What a job is connected with already is no reason to refuse something else.
#[tokio::test]
async fn a_job_whose_project_lost_its_pool_can_be_suspended() {
    let app = TestApp::new().await;
    let (target, at) = ("/api/v1/job/1/", NOW.parse().unwrap());
    let lost = ProjectCommand::RemovePool { worker_pool: 1, at };
    app.tell::<Project>(1, lost).await;
    let mut job = app.get(ADMIN, target).await.json();
    job["enqueue_is_enabled"] = json!(false);
    let answered = app.ask(ADMIN, "PUT", target, job.to_string()).await;
    assert_eq!(answered.status, 204);
    let elsewhere = json!({"worker_pool": "/api/v1/worker_pool/2/"});
    assert_eq!(app.patch(ADMIN, target, elsewhere).await, 401);
}

/// D: 7.1.
#[tokio::test]
async fn a_job_is_changed_field_by_field() {
    let app = TestApp::new().await;
    let target = "/api/v1/job/3/";
    for (body, status, field, expected) in [
        (json!({"title": "Renamed"}), 202, "title", json!("Renamed")),
        (
            json!({"title": "Test job 1"}),
            409,
            "title",
            json!("Renamed"),
        ),
        (json!({"parent": null}), 202, "parent", Value::Null),
        (
            json!({"parent": "/api/v1/job/1/"}),
            202,
            "parent",
            json!("/api/v1/job/1/"),
        ),
        (
            json!({"parent": "/api/v1/job/3/"}),
            400,
            "parent",
            json!("/api/v1/job/1/"),
        ),
        (
            json!({"reschedule_interval": null}),
            202,
            "reschedule_interval",
            Value::Null,
        ),
        (
            json!({"reschedule_interval_type": ""}),
            202,
            "reschedule_interval_type",
            json!(""),
        ),
        (
            json!({"script_content": "x", "children": [], "id": 9, "resource_uri": "x"}),
            202,
            "script_content_partial",
            json!("echo hello"),
        ),
        (
            json!({"script_content_partial": "a\r\n<b>"}),
            202,
            "script_content",
            json!("#!/bin/sh\na\r\n<b>\n"),
        ),
        (
            json!({"disable_enqueue_after_fails": 0}),
            202,
            "disable_enqueue_after_fails",
            json!(0),
        ),
        (
            json!({"schedule_children_on_error": true}),
            202,
            "schedule_children_on_error",
            json!(true),
        ),
    ] {
        for _ in 0..2 {
            assert_eq!(
                app.patch(WORKER, target, body.clone()).await,
                status,
                "{body}"
            );
        }
        let job = app.get(WORKER, target).await.json();
        assert_eq!(job[field], expected, "{body}");
    }
    // 18.19: no job follows itself.
    let circle = json!({"parent": "/api/v1/job/3/"});
    assert_eq!(app.patch(WORKER, "/api/v1/job/1/", circle).await, 400);
    // A name that was given up is free.
    let answered = app
        .patch(WORKER, "/api/v1/job/2/", json!({"title": "Test job 3"}))
        .await;
    assert_eq!(answered, 202);
}

/// A script that is too long for an event is stored in a blob.
#[tokio::test]
async fn a_long_script_is_executed_whole() {
    let app = TestApp::new().await;
    let script = "echo é\n".repeat(20_000);
    let body = json!({"script_content_partial": script});
    assert_eq!(app.patch(WORKER, "/api/v1/job/1/", body).await, 202);
    let job = app.get(WORKER, "/api/v1/job/1/").await.json();
    assert_eq!(job["script_content"], format!("#!/bin/sh\n{script}\n"));
    let event = app.last_event("job.edited").await;
    assert_eq!(event["script"]["blob"]["size"], script.len());
}

/// 18.5: a setting.
#[tokio::test]
async fn workers_change_jobs_only_where_the_operator_lets_them() {
    let app = TestApp::with(Settings {
        job_writes_by_workers: false,
        ..Settings::default()
    });
    let app = app.await;
    let answered = app
        .ask(WORKER, "POST", "/api/v1/job/", new_job().to_string())
        .await;
    assert_eq!(answered.status, 401);
    assert_eq!(app.patch(WORKER, "/api/v1/job/1/", json!({})).await, 401);
    let body = json!({"description": "x"});
    assert_eq!(app.patch(ADMIN, "/api/v1/job/1/", body).await, 202);
}

/// Scripts are shown twice, alone and within their template. A page of long scripts is shorter than
/// requested and has a next page.
#[tokio::test]
async fn a_page_of_jobs_has_no_more_bytes_than_fit() {
    let app = TestApp::new().await;
    for number in 5..17 {
        let mut job = without("parent");
        job["title"] = json!(format!("Y job {number}"));
        job["script_content_partial"] = json!("#".repeat(1 << 20));
        assert_eq!(app.create(ADMIN, Resource::Job, job).await, number);
    }
    let first = app.get(WORKER, "/api/v1/job/?limit=0").await;
    let meta = first.json()["meta"].clone();
    assert_eq!(
        (&meta["limit"], &meta["total_count"]),
        (&json!(10), &json!(15))
    );
    assert_eq!(meta["next"], "/api/v1/job/?limit=10&offset=10");
    let second = app.get(WORKER, meta["next"].as_str().unwrap()).await;
    assert_eq!(second.json()["meta"]["next"], Value::Null);
    assert_eq!((first.ids().len(), second.ids().len()), (10, 5));
    let ids: BTreeSet<u64> = first.ids().into_iter().chain(second.ids()).collect();
    assert_eq!(ids.len(), 15);
    let target = "/api/v1/job/set/5;6;7;8;9;10;11;12/";
    let answered = app.get(WORKER, target).await;
    assert_eq!(answered.status, 400);
    assert!(
        answered.text.contains("only 7 of these fit"),
        "{}",
        answered.text
    );
}
