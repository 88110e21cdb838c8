//! Section 4, where projects and pools cross: who sees what of a job that uses a pool which its
//! worker is not in.

use domain::jobs::project::{Project, ProjectCommand};
use domain::jobs::worker::{Worker, WorkerCommand};
use domain::jobs::worker_pool::{Created, WorkerPool, WorkerPoolCommand};

use super::*;

fn at() -> Timestamp {
    NOW.parse().unwrap()
}

/// Job 5 belongs to project 1 and uses pool 2, in which worker 2 is and worker 1 is not.
async fn crossed() -> TestApp {
    let app = TestApp::new().await;
    let (worker_pool, at) = (2, at());
    let add = ProjectCommand::AddPool { worker_pool, at };
    app.tell::<Project>(1, add).await;
    let job = domain::jobs::job::Created {
        worker_pool: 2,
        ..farm::job(5, 1, "Test job 5")
    };
    app.job(job).await;
    app
}

/// W: 4.1. Jobs and runs are seen by their projects, kill requests and logs by their pools.
#[tokio::test]
async fn workers_see_the_runs_of_their_projects_and_the_kills_and_logs_of_their_pools() {
    let app = crossed().await;
    let (mine, theirs) = (app.run_of(1).await, app.run_of(5).await);
    // A caller that sees a run may request its kill and write its log, and need not see either
    // afterwards.
    for run in [mine, theirs] {
        let run = Resource::Run.uri(run);
        let body = json!({"run": run});
        app.create(WORKER, Resource::KillRequest, body).await;
        let body = json!({"run": run, "content": "x"});
        app.create(WORKER, Resource::RunLog, body).await;
    }
    for (who, kills_and_logs) in [(WORKER, vec![1]), (STRANGER, vec![2]), (VIEWER, vec![1, 2])] {
        for resource in ["job", "run"] {
            for number in if resource == "job" { [1, 5] } else { [1, 2] } {
                let target = format!("/api/v1/{resource}/{number}/");
                assert_eq!(app.get(who, &target).await.status, 200, "{who:?} {target}");
            }
        }
        assert_eq!(app.get(who, "/api/v1/run/").await.ids(), [1, 2], "{who:?}");
        for resource in ["kill_request", "run_log"] {
            let list = app.get(who, &format!("/api/v1/{resource}/")).await;
            let mut ids = list.ids();
            ids.sort_unstable();
            assert_eq!(ids, kills_and_logs, "{who:?} {resource}");
            assert_eq!(list.json()["meta"]["total_count"], ids.len());
            for number in [1, 2] {
                let seen = kills_and_logs.contains(&number);
                let target = format!("/api/v1/{resource}/{number}/");
                let expected = if seen { 200 } else { 401 };
                assert_eq!(
                    app.get(who, &target).await.status,
                    expected,
                    "{who:?} {target}"
                );
                if !matches!(who, As::User(_)) {
                    let expected = if seen { 202 } else { 401 };
                    assert_eq!(app.patch(who, &target, json!({})).await, expected);
                }
            }
        }
    }
}

/// W: 4.1. What the caller does not see is named all the same where something that it sees refers
/// to it.
#[tokio::test]
async fn a_pool_names_workers_whom_the_caller_does_not_see() {
    let app = TestApp::new().await;
    let add = WorkerPoolCommand::AddWorker {
        worker: 2,
        at: at(),
    };
    app.tell::<WorkerPool>(1, add).await;
    let pool = app.get(WORKER, "/api/v1/worker_pool/1/").await.json();
    assert_eq!(
        pool["workers"],
        json!(["/api/v1/worker/1/", "/api/v1/worker/2/"])
    );
    let list = app.get(WORKER, "/api/v1/worker/").await;
    assert_eq!(list.ids(), [1], "exactly itself");
    assert_eq!(list.json()["meta"]["total_count"], 1);
    assert_eq!(app.get(WORKER, "/api/v1/worker/2/").await.status, 401);
}

/// 4.1. The ways to a thing are many, and it is one thing.
#[tokio::test]
async fn nothing_is_seen_twice() {
    let app = TestApp::new().await;
    let second = Created {
        number: 3,
        title: "Pool 3".to_owned(),
        description: String::new(),
        notification_addresses: String::new(),
        enqueue_is_enabled: true,
        workers: BTreeSet::from([1]),
        at: at(),
    };
    app.tell::<WorkerPool>(3, WorkerPoolCommand::Create(second))
        .await;
    let add = ProjectCommand::AddPool {
        worker_pool: 3,
        at: at(),
    };
    app.tell::<Project>(1, add).await;
    let admit = ProjectCommand::AdmitViewers { group: 3, at: at() };
    app.tell::<Project>(1, admit).await;
    app.run().await;
    for (resource, ids) in [
        ("project", vec![1]),
        ("worker_pool", vec![1, 3]),
        ("worker", vec![1]),
        ("job_template", vec![1]),
        ("job", vec![1, 2, 3]),
        ("run", vec![1]),
    ] {
        for who in [WORKER, ADMIN] {
            let list = app.get(who, &format!("/api/v1/{resource}/")).await;
            assert_eq!(list.ids(), ids, "{who:?} {resource}");
            assert_eq!(
                list.json()["meta"]["total_count"],
                ids.len(),
                "{who:?} {resource}"
            );
        }
    }
}

/// W: 10.2 and 11. A worker that gets no new work answers pings and finishes what it has.
#[tokio::test]
async fn reports_of_a_suspended_worker_are_still_accepted() {
    let app = TestApp::new().await;
    let run = app.run().await;
    app.report(run, &[claim()]).await;
    app.tell::<Worker>(1, WorkerCommand::Suspend { at: at() })
        .await;
    let list = app.get(WORKER, "/api/v1/worker/").await;
    assert_eq!(list.ids(), [1]);
    let ping = json!({"ping_response_dts": "2026-11-21 08:05:42.863340+00:00"});
    assert_eq!(app.patch(WORKER, "/api/v1/worker/1/", ping).await, 202);
    app.report(run, &[start(), over(true)]).await;
    assert_eq!(app.see(run).await["return_success"], true);
}
