//! Section 4.2: seeing a project is not changing it, and changing one is not changing another.

use domain::project::{Project, ProjectCommand};

use super::*;

/// D. Jobs are made and changed by those who administer their project, and by workers of it.
#[tokio::test]
async fn only_those_who_administer_a_project_make_and_change_its_jobs() {
    let house = TestHouse::new().await;
    let body = json!({
        "title": "New job",
        "job_template": "/api/v1/job_template/1/",
        "worker_pool": "/api/v1/worker_pool/1/",
    });
    for who in [VIEWER, OUTSIDER, LONER, STRANGER, As::Nobody] {
        for (method, target) in [
            ("POST", "/api/v1/job/"),
            ("PATCH", "/api/v1/job/1/"),
            ("PUT", "/api/v1/job/1/"),
        ] {
            let answered = house.ask(who, method, target, body.to_string()).await;
            assert_eq!(answered.status, 401, "{who:?} {method} {target}");
            assert_eq!(answered.text, "");
        }
    }
    assert_eq!(house.events("job.created").await.len(), 4);
    assert!(house.events("job.edited").await.is_empty());
}

/// D. What somebody sees and does not administer is nothing to move things to.
#[tokio::test]
async fn nothing_is_moved_into_a_project_that_others_administer() {
    let house = TestHouse::new().await;
    let at = NOW.parse().unwrap();
    let admit = ProjectCommand::AdmitViewers { group: 1, at };
    house.tell::<Project>(2, admit).await;
    let (mine, theirs) = (house.run_of(1).await, 2);
    let body = json!({"job": "/api/v1/job/4/", "schedule_dts": "2026-11-21"});
    house.create(STRANGER, Resource::Run, body).await;
    let body = json!({"run": Resource::Run.uri(mine)});
    house.create(ADMIN, Resource::KillRequest, body).await;
    let theirs = Resource::Run.uri(theirs);
    assert_eq!(house.get(ADMIN, &theirs).await.status, 200, "it is seen");
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
        let status = house.patch(ADMIN, target, body.clone()).await;
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
        let answered = house.ask(ADMIN, "POST", &target, body.to_string()).await;
        assert_eq!(answered.status, 401, "{target}");
    }
}
