//! Runs are created and changed.

use domain::jobs::worker_pool::{WorkerPool, WorkerPoolCommand};

use super::*;

/// D: 7.2 and 8.1.
#[tokio::test]
async fn a_run_is_created_as_the_dashboard_does_it() {
    let app = TestApp::new().await;
    for (who, number) in [(ADMIN, 1), (WORKER, 2)] {
        let body = json!({
            "job": "/api/v1/job/1/",
            "is_manual": true,
            "schedule_children": false,
            "schedule_dts": "2026-11-21 09:05:42+01:00",
            "id": 1,
        });
        assert_eq!(app.create(who, Resource::Run, body).await, number);
        let run = app.see(number).await;
        assert_eq!(run["is_manual"], true);
        assert_eq!(run["schedule_children"], false);
        assert_eq!(run["schedule_dts"], "2026-11-21T09:05:42");
        assert_eq!(run["schedule_id"], number);
    }
}

/// 8.1: an occasion of its own, unless the caller names one.
#[tokio::test]
async fn a_run_belongs_to_the_occasion_that_is_named() {
    let app = TestApp::new().await;
    let first = app.run().await;
    let body = json!({"job": "/api/v1/job/1/", "schedule_dts": "2026-11-21", "schedule_id": first});
    for who in [ADMIN, WORKER] {
        let run = app.create(who, Resource::Run, body.clone()).await;
        assert_eq!(app.see(run).await["schedule_id"], first, "{who:?}");
    }
}

/// A run of another project was put into an occasion, and the children of that occasion's job
/// waited for it for ever.
#[tokio::test]
async fn no_run_is_put_into_an_occasion_of_another_job() {
    let app = TestApp::new().await;
    let mine = app.run_of(1).await;
    let theirs = json!({"job": "/api/v1/job/4/", "schedule_dts": "2026-11-21"});
    let theirs = app.create(STRANGER, Resource::Run, theirs).await;
    let of_child = app.run_of(2).await;
    let target = Resource::Run.uri(mine);
    let events = app.events("run.scheduled").await.len();
    for schedule_id in [theirs, of_child, 99, 0] {
        let reply = json!({"schedule_id": schedule_id});
        assert_eq!(app.patch(ADMIN, &target, reply).await, 400, "{schedule_id}");
        let reply = json!({
            "job": "/api/v1/job/1/", "schedule_dts": "2026-11-21", "schedule_id": schedule_id,
        });
        for who in [ADMIN, WORKER] {
            let answered = app
                .ask(who, "POST", "/api/v1/run/", reply.to_string())
                .await;
            assert_eq!(answered.status, 400, "{who:?} {schedule_id}: {answered:?}");
            let error = answered.json()["error"].to_string();
            assert!(
                error.contains(&format!("no occasion {schedule_id}")),
                "{error}"
            );
        }
    }
    assert_eq!(app.events("run.scheduled").await.len(), events);
    assert!(app.events("run.patched").await.is_empty());

    // An occasion of several runs stays with its job, whichever of them is to leave.
    let body = json!({"job": "/api/v1/job/1/", "schedule_dts": "2026-11-21", "schedule_id": mine});
    let second = app.create(ADMIN, Resource::Run, body).await;
    let other_job = json!({"job": "/api/v1/job/2/"});
    for run in [mine, second] {
        let status = app
            .patch(ADMIN, &Resource::Run.uri(run), other_job.clone())
            .await;
        assert_eq!(status, 400, "{run}");
    }
    // One that leaves for another job goes into an occasion of that job, such as its own.
    let leaving = json!({"job": "/api/v1/job/2/", "schedule_id": of_child});
    assert_eq!(
        app.patch(ADMIN, &Resource::Run.uri(second), leaving.clone())
            .await,
        202
    );
    assert_eq!(
        app.patch(ADMIN, &Resource::Run.uri(second), leaving).await,
        202
    );
    let alone = app.run_of(1).await;
    let status = app.patch(ADMIN, &Resource::Run.uri(alone), other_job).await;
    assert_eq!(status, 202);
}

/// W: 5.7. All keys, always.
#[tokio::test]
async fn a_run_is_shown_as_the_contract_shows_it() {
    let app = TestApp::new().await;
    let run = app.run().await;
    let waiting = r#"{"enqueue_dts": null, "id": 1, "is_manual": false, "job": "/api/v1/job/1/", "pid": null, "resource_uri": "/api/v1/run/1/", "return_dts": null, "return_success": null, "run_log": null, "schedule_children": true, "schedule_dts": "2012-01-01T01:00:00", "schedule_id": 1, "start_dts": null, "worker": null}"#;
    assert_eq!(app.get(WORKER, "/api/v1/run/1/").await.text, waiting);
    app.report(run, &[claim(), start(), json!({"pid": 4242})])
        .await;
    let started = r#"{"enqueue_dts": "2026-11-21T09:05:42.966390", "id": 1, "is_manual": false, "job": "/api/v1/job/1/", "pid": 4242, "resource_uri": "/api/v1/run/1/", "return_dts": null, "return_success": null, "run_log": null, "schedule_children": true, "schedule_dts": "2012-01-01T01:00:00", "schedule_id": 1, "start_dts": "2026-11-21T09:05:43.355886", "worker": "/api/v1/worker/1/"}"#;
    assert_eq!(app.get(WORKER, "/api/v1/run/1/").await.text, started);
}

/// W: 4.1. The second worker of a pool cannot touch what the first has claimed, but may take it
/// over.
#[tokio::test]
async fn a_run_belongs_to_the_last_worker_that_claimed_it() {
    let app = TestApp::new().await;
    let at = NOW.parse().unwrap();
    let both = WorkerPoolCommand::AddWorker { worker: 2, at };
    app.tell::<WorkerPool>(1, both).await;
    let target = Resource::Run.uri(app.run().await);
    let date = "2026-11-21 08:06:00+00:00";
    let theirs = json!({"worker": "/api/v1/worker/2/", "enqueue_dts": date});
    // No worker claims for another.
    assert_eq!(app.patch(WORKER, &target, theirs.clone()).await, 401);
    assert_eq!(app.patch(WORKER, &target, claim()).await, 202);
    for word in [
        start(),
        over(true),
        json!({"pid": 1}),
        json!({"enqueue_dts": null}),
        json!({}),
    ] {
        assert_eq!(
            app.patch(STRANGER, &target, word.clone()).await,
            401,
            "{word}"
        );
    }
    assert_eq!(app.patch(STRANGER, &target, theirs).await, 202);
    for word in [start(), over(true), json!({"pid": 1})] {
        assert_eq!(
            app.patch(WORKER, &target, word.clone()).await,
            401,
            "{word}"
        );
    }
    let claimed = app.last_event("run.claimed").await;
    assert_eq!(claimed["worker"], 2);
    assert_eq!(claimed["taken_from"], 1);
    assert_eq!(app.patch(STRANGER, &target, start()).await, 202);
}

/// W: 7.1 and 11.2. A worker that lost its runs wants them again.
#[tokio::test]
async fn null_empties_dates_and_never_the_worker() {
    let app = TestApp::new().await;
    let run = app.run().await;
    let lost = json!({"start_dts": null, "enqueue_dts": null});
    app.report(run, &[claim(), start(), json!({"pid": 7})])
        .await;
    app.report(run, &[lost.clone(), lost]).await;
    app.report(run, &[json!({"worker": null, "run_log": null})])
        .await;
    let shown = app.see(run).await;
    assert_eq!(shown["enqueue_dts"], Value::Null);
    assert_eq!(shown["start_dts"], Value::Null);
    assert_eq!(shown["worker"], "/api/v1/worker/1/");
    assert_eq!(shown["pid"], 7);
    assert_eq!(app.events("run.reset").await.len(), 1);
}

/// W: 7.1. Everything that may be empty is emptied by null.
#[tokio::test]
async fn null_empties_whatever_may_be_empty() {
    let app = TestApp::new().await;
    let run = app.run().await;
    let pid = json!({"pid": 7});
    app.report(run, &[claim(), start(), pid, over(true)]).await;
    let body = json!({"run": Resource::Run.uri(run)});
    let kill = app.create(WORKER, Resource::KillRequest, body).await;
    let date = "2026-11-21 08:06:00+00:00";
    let noted = json!({"enqueue_dts": date, "execute_dts": date});
    let kill = Resource::KillRequest.uri(kill);
    assert_eq!(app.patch(WORKER, &kill, noted).await, 202);
    let job = Resource::Job.uri(1);
    let bears = json!({"disable_enqueue_after_fails": 3});
    assert_eq!(app.patch(WORKER, &job, bears).await, 202);
    for (target, field) in [
        (Resource::Run.uri(run), "pid"),
        (Resource::Run.uri(run), "return_success"),
        (Resource::Run.uri(run), "return_dts"),
        (Resource::Run.uri(run), "start_dts"),
        (Resource::Run.uri(run), "enqueue_dts"),
        (kill.clone(), "enqueue_dts"),
        (kill, "execute_dts"),
        (job.clone(), "disable_enqueue_after_fails"),
        (job, "reschedule_interval"),
    ] {
        let before = app.get(WORKER, &target).await.json();
        assert_ne!(before[field], Value::Null, "{target} {field}");
        assert_eq!(app.patch(WORKER, &target, json!({field: null})).await, 202);
        let mut expected = before;
        expected[field] = Value::Null;
        let after = app.get(WORKER, &target).await.json();
        assert_eq!(after, expected, "{target} {field}");
    }
}

/// 18.5 and 18.6. A worker changes only what workers report.
#[tokio::test]
async fn a_worker_does_not_change_what_a_run_is() {
    let app = TestApp::new().await;
    let run = app.run().await;
    let before = app.see(run).await;
    let words = json!({
        "id": 7, "resource_uri": "/api/v1/run/7/", "unknown": [{}],
        "job": "/api/v1/job/2/", "schedule_dts": "2030-01-01",
        "is_manual": true, "schedule_children": false, "run_log": "/api/v1/run_log/1/",
    });
    app.report(run, &[words.clone(), json!({})]).await;
    assert_eq!(app.see(run).await, before);
    assert_eq!(app.patch(ADMIN, &Resource::Run.uri(run), words).await, 202);
    let after = app.see(run).await;
    assert_eq!(after["job"], "/api/v1/job/2/");
    assert_eq!(after["schedule_dts"], "2030-01-01T00:00:00");
    assert_eq!(after["is_manual"], true);
    assert_eq!(after["id"], run);
}

/// 18.8, 2.7 and 2.8.
#[tokio::test]
async fn what_makes_no_sense_about_a_run_is_refused() {
    let app = TestApp::new().await;
    let target = Resource::Run.uri(app.run().await);
    for (body, status) in [
        (json!({"enqueue_dts": ""}), 400),
        (json!({"start_dts": "soon"}), 400),
        (json!({"return_dts": 7}), 400),
        (json!({"schedule_dts": null}), 400),
        (json!({"return_success": "true"}), 400),
        (json!({"pid": "4242"}), 400),
        (json!({"pid": -1}), 400),
        (json!({"pid": 1.5}), 400),
        (json!({"is_manual": null}), 400),
        (json!({"worker": "/api/v1/worker/1"}), 400),
        (json!({"worker": 1}), 400),
        (json!({"worker": {"id": 1}}), 400),
        (
            json!({"worker": "http://127.0.0.1:8124/api/v1/worker/1/"}),
            400,
        ),
        (json!({"worker": "/api/v1/job/1/"}), 400),
        (json!({"worker": "/api/v1/worker/9/"}), 400),
        (json!({"worker": "/api/v1/worker/2/"}), 401),
        (json!({"job": null}), 400),
        (json!({"job": "/api/v1/job/99/"}), 400),
        (json!({"job": "/api/v1/job/4/"}), 401),
        (json!({"schedule_id": -1}), 400),
    ] {
        for who in [WORKER, ADMIN] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                app.patch(who, &target, body.clone()).await,
                status,
                "{who:?} {body}"
            );
        }
    }
    assert_eq!(app.patch(STRANGER, &target, json!({})).await, 401);
    assert_eq!(app.patch(WORKER, "/api/v1/run/99/", json!({})).await, 404);
    let due = "2026-11-21";
    for (body, status) in [
        (json!({}), 400),
        (json!({"job": "/api/v1/job/1/"}), 400),
        (json!({"schedule_dts": due}), 400),
        (json!({"job": "/api/v1/job/1/", "schedule_dts": null}), 400),
        (json!({"job": "/api/v1/job/99/", "schedule_dts": due}), 400),
        (json!({"job": "/api/v1/job/4/", "schedule_dts": due}), 401),
        (
            json!({"job": "/api/v1/job/1/", "schedule_dts": due, "worker": "/api/v1/worker/2/"}),
            401,
        ),
    ] {
        for who in [WORKER, ADMIN] {
            let answered = app.ask(who, "POST", "/api/v1/run/", body.to_string()).await;
            assert_eq!(answered.status, status, "{who:?} {body}");
        }
    }
    assert_eq!(app.events("run.").await.len(), 1);
}

/// D: 4.2.
#[tokio::test]
async fn only_those_who_administer_a_project_change_its_runs() {
    let app = TestApp::new().await;
    let target = Resource::Run.uri(app.run().await);
    let body = json!({"job": "/api/v1/job/1/", "schedule_dts": "2026-11-21"}).to_string();
    for who in [VIEWER, OUTSIDER, LONER] {
        let answered = app.ask(who, "POST", "/api/v1/run/", body.clone()).await;
        assert_eq!(answered.status, 401, "{who:?}");
        assert_eq!(app.patch(who, &target, json!({})).await, 401, "{who:?}");
    }
    assert_eq!(app.get(VIEWER, &target).await.status, 200);
    assert_eq!(app.get(OUTSIDER, &target).await.status, 401);
    assert_eq!(app.patch(ADMIN, &target, json!({})).await, 202);
}

/// Fields sent with a new run count as if they were sent afterwards.
#[tokio::test]
async fn a_run_may_be_created_with_a_past() {
    let app = TestApp::new().await;
    let mut body = json!({"job": "/api/v1/job/2/", "schedule_dts": "2026-11-21"});
    for part in [claim(), start(), over(true)] {
        let part = part.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(part);
    }
    let run = app.create(WORKER, Resource::Run, body).await;
    assert_eq!(app.see(run).await["return_success"], true);
    assert_eq!(app.events("job.run_counted").await.len(), 1);
}

/// 18.26. The run that was spread over all workers is no more, and its number is not given again.
#[tokio::test]
async fn a_run_that_was_spread_is_gone() {
    let app = TestApp::new().await;
    let run = app.run().await;
    let anonymous = Metadata::default();
    let spread = app.app.commands.transact(&anonymous, |unit| async move {
        commands::runs::spread(&unit, run, &[1]).await
    });
    let (_, outcome) = spread.await.unwrap();
    app.app.wait_for(outcome.position().unwrap()).await.unwrap();
    let target = Resource::Run.uri(run);
    assert_eq!(app.get(WORKER, &target).await.status, 404);
    assert_eq!(app.patch(WORKER, &target, claim()).await, 404);
    let list = app.get(WORKER, "/api/v1/run/").await;
    assert_eq!(list.ids(), [2]);
    assert_eq!(list.json()["objects"][0]["schedule_id"], run);
    assert_eq!(list.json()["objects"][0]["worker"], "/api/v1/worker/1/");
}
