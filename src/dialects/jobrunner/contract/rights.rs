//! Section 4.2: seeing a project is not changing it, and changing one is not changing another.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use domain::jobs::project::{Project, ProjectCommand};
use domain::jobs::worker_pool::{Created, WorkerPool, WorkerPoolCommand};

use super::*;

/// D. Jobs are made and changed by those who administer their project, and by workers of it.
#[tokio::test]
async fn only_those_who_administer_a_project_make_and_change_its_jobs() {
    let app = TestApp::new().await;
    let body = json!({
        "title": "New job",
        "job_template": "/api/v1/job_template/1/",
        "worker_pool": "/api/v1/worker_pool/1/",
    });
    for who in [VIEWER, OUTSIDER, LONER, STRANGER, As::Anonymous] {
        for (method, target) in [
            ("POST", "/api/v1/job/"),
            ("PATCH", "/api/v1/job/1/"),
            ("PUT", "/api/v1/job/1/"),
        ] {
            let answered = app.ask(who, method, target, body.to_string()).await;
            assert_eq!(answered.status, 401, "{who:?} {method} {target}");
            assert_eq!(answered.text, "");
        }
    }
    assert_eq!(app.events("job.created").await.len(), 4);
    assert!(app.events("job.edited").await.is_empty());
}

/// D. A caller cannot move things into a project that it sees and does not administer.
#[tokio::test]
async fn nothing_is_moved_into_a_project_that_others_administer() {
    let app = TestApp::new().await;
    let at = NOW.parse().unwrap();
    let admit = ProjectCommand::AdmitViewers { group: 1, at };
    app.tell::<Project>(2, admit).await;
    let (mine, theirs) = (app.run_of(1).await, 2);
    let body = json!({"job": "/api/v1/job/4/", "schedule_dts": "2026-11-21"});
    app.create(STRANGER, Resource::Run, body).await;
    let body = json!({"run": Resource::Run.uri(mine)});
    app.create(ADMIN, Resource::KillRequest, body).await;
    let theirs = Resource::Run.uri(theirs);
    assert_eq!(app.get(ADMIN, &theirs).await.status, 200, "it is seen");
    for (target, body) in [
        (
            "/api/v1/job/1/",
            json!({"job_template": "/api/v1/job_template/2/", "worker_pool": "/api/v1/worker_pool/2/"}),
        ),
        ("/api/v1/run/1/", json!({"job": "/api/v1/job/4/"})),
        ("/api/v1/kill_request/1/", json!({"run": theirs})),
        ("/api/v1/job/4/", json!({"title": "Mine"})),
        (theirs.as_str(), json!({})),
        ("/api/v1/worker/2/", json!({"title": "Mine"})),
    ] {
        let status = app.patch(ADMIN, target, body.clone()).await;
        assert_eq!(status, 401, "{target} {body}");
    }
    for (resource, body) in [
        (
            Resource::Run,
            json!({"job": "/api/v1/job/4/", "schedule_dts": "2026-11-21"}),
        ),
        (Resource::KillRequest, json!({"run": theirs})),
        (Resource::RunLog, json!({"run": theirs, "content": "x"})),
    ] {
        let target = format!("/api/v1/{}/", resource.name());
        let answered = app.ask(ADMIN, "POST", &target, body.to_string()).await;
        assert_eq!(answered.status, 401, "{target}");
    }
}

/// 18.5. The key of one worker rewrote what the workers of every other pool of its projects
/// execute, and sent the mails about it wherever it liked.
#[tokio::test]
async fn a_worker_changes_jobs_of_its_own_pools_and_not_who_gets_mail() {
    let app = TestApp::new().await;
    let at = NOW.parse().unwrap();
    let other_pool = Created {
        number: 3,
        title: "Pool 3".to_owned(),
        description: String::new(),
        notification_addresses: String::new(),
        enqueue_is_enabled: true,
        workers: BTreeSet::from([2]),
        at,
    };
    let other_pool = WorkerPoolCommand::Create(other_pool);
    app.tell::<WorkerPool>(3, other_pool).await;
    let worker_pool = 3;
    app.tell::<Project>(1, ProjectCommand::AddPool { worker_pool, at })
        .await;
    app.job(domain::jobs::job::Created {
        worker_pool,
        ..farm::job(5, 1, "Test job 5")
    })
    .await;
    let theirs = "/api/v1/job/5/";
    assert_eq!(app.get(WORKER, theirs).await.status, 200, "it is seen");
    for (target, body, status) in [
        (theirs, json!({"script_content_partial": "rm -rf /"}), 401),
        (theirs, json!({}), 401),
        (
            "/api/v1/job/1/",
            json!({"worker_pool": "/api/v1/worker_pool/3/"}),
            401,
        ),
        ("/api/v1/job/2/", json!({"parent": theirs}), 401),
        (
            "/api/v1/job/1/",
            json!({"notification_addresses": "me@example.net"}),
            401,
        ),
        ("/api/v1/job/1/", json!({"notification_addresses": ""}), 401),
        // As a client sends back that has read the whole job.
        (
            "/api/v1/job/1/",
            json!({"notification_addresses": "job1@example.com"}),
            202,
        ),
        (
            "/api/v1/job/1/",
            json!({"script_content_partial": "echo hi"}),
            202,
        ),
    ] {
        let answered = app.patch(WORKER, target, body.clone()).await;
        assert_eq!(answered, status, "{target} {body}");
    }
    for (pool, recipients, status) in [(3, "", 401), (1, "me@example.net", 401), (1, "", 201)] {
        let body = json!({
            "title": "New job",
            "job_template": "/api/v1/job_template/1/",
            "worker_pool": format!("/api/v1/worker_pool/{pool}/"),
            "notification_addresses": recipients,
        });
        let answered = app
            .ask(WORKER, "POST", "/api/v1/job/", body.to_string())
            .await;
        assert_eq!(answered.status, status, "{body}");
    }
    // People who administer the project may do all that.
    let body = json!({"notification_addresses": "me@example.net"});
    assert_eq!(app.patch(ADMIN, theirs, body).await, 202);
}

/// A secret could be guessed as fast as the machine could compare, by any address.
#[tokio::test]
async fn a_key_with_too_many_wrong_signatures_is_refused_unchecked_for_a_while() {
    let app = TestApp::new().await;
    let send = async |api_key: &str, secret: &str, address: &str| {
        let target = "/api/v1/worker/";
        let digest = digest(&secret.into(), "GET", target, b"");
        let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
        let request = Request::get(target)
            .header("host", "127.0.0.1:8124")
            .header("authorization", format!("ApiKey {api_key}:{digest}"))
            .extension(ConnectInfo(peer));
        let request = request.body(Body::empty()).unwrap();
        let response = app.router.clone().oneshot(request).await.unwrap();
        let retry_after = response.headers().contains_key("retry-after");
        (response.status().as_u16(), retry_after)
    };
    for _ in 0..20 {
        assert_eq!(send("worker1", "guess", "192.0.2.1").await, (401, false));
        assert_eq!(send("unknown", "guess", "192.0.2.1").await, (401, false));
    }
    for (api_key, secret, address, answer) in [
        ("worker1", "guess", "192.0.2.1", (503, true)),
        ("unknown", "guess", "192.0.2.1", (503, true)),
        ("another", "guess", "192.0.2.1", (401, false)),
        // That a guess is right is not learnt then.
        ("worker1", "verysecret", "192.0.2.1", (503, true)),
        ("worker1", "verysecret", "192.0.2.2", (200, false)),
        ("worker2", "othersecret", "192.0.2.1", (200, false)),
    ] {
        let answered = send(api_key, secret, address).await;
        assert_eq!(answered, answer, "{api_key} {secret} {address}");
    }
}
