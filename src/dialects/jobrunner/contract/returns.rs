//! Section 8: the consequences of a run's end happen once, however often its worker reports it.

use domain::jobs::project::{Project, ProjectCommand};
use proptest::prelude::*;

use super::*;

/// How many events of each kind follow from returns.
async fn followed(app: &TestApp) -> [usize; 3] {
    let count = async |event_type| app.events(event_type).await.len();
    [
        count("job.run_counted").await,
        count("run.sibling_returned").await,
        count("run.scheduled").await,
    ]
}

/// 8.2 and 18.2.
#[tokio::test]
async fn every_repeated_report_adds_nothing() {
    let app = TestApp::new().await;
    let run = app.run().await;
    app.clock
        .set("2026-11-21T08:05:44.663301Z".parse().unwrap());
    let words = [claim(), start(), json!({"pid": 6023}), over(true)];
    for word in &words {
        app.report(run, std::slice::from_ref(word)).await;
        let events = app.events("").await.len();
        for _ in 0..2 {
            app.report(run, std::slice::from_ref(word)).await;
        }
        assert_eq!(app.events("").await.len(), events, "{word}");
    }
    // The child of job 1 got a run, for now.
    assert_eq!(followed(&app).await, [1, 1, 2]);
    let child = app.see(2).await;
    assert_eq!(child["job"], "/api/v1/job/3/");
    assert_eq!(child["schedule_dts"], "2026-11-21T09:05:44.663301");
    assert_eq!(child["is_manual"], false);
    assert_eq!(child["schedule_children"], true);
    // Later reports about a run that is over change nothing else either.
    app.report(run, &[json!({"pid": 7}), over(false)]).await;
    assert_eq!(followed(&app).await, [1, 1, 2]);
    assert_eq!(app.see(run).await["return_success"], false);
}

/// 11.5: every request of a worker may be repeated. A repeated POST of a user creates a second
/// object, unless it is a log, or is refused.
#[tokio::test]
async fn a_post_that_is_sent_again_makes_another_run_and_another_wish_and_nothing_else() {
    let app = TestApp::new().await;
    let run = app.run().await;
    for (resource, body, again) in [
        (
            Resource::RunLog,
            json!({"run": "/api/v1/run/1/", "content": "x"}),
            Some(1),
        ),
        (
            Resource::KillRequest,
            json!({"run": "/api/v1/run/1/"}),
            Some(2),
        ),
        (
            Resource::Run,
            json!({"job": "/api/v1/job/1/", "schedule_dts": "2026-11-21"}),
            Some(3),
        ),
        (
            Resource::Job,
            json!({
                "title": "New job",
                "job_template": "/api/v1/job_template/1/",
                "worker_pool": "/api/v1/worker_pool/1/",
            }),
            None,
        ),
    ] {
        let target = format!("/api/v1/{}/", resource.name());
        let mut places = Vec::new();
        for _ in 0..2 {
            let answered = app.ask(ADMIN, "POST", &target, body.to_string()).await;
            places.push((
                answered.status.as_u16(),
                answered.header("location").to_owned(),
            ));
        }
        let place = again.map_or(String::new(), |number| {
            format!("http://127.0.0.1:8124{}", resource.uri(number))
        });
        let status = if again.is_some() { 201 } else { 409 };
        assert_eq!(places[0].0, 201, "{resource:?}");
        assert_eq!(places[1], (status, place), "{resource:?}");
    }
    assert_eq!(app.events("run_log.").await.len(), 1);
    assert_eq!(app.see(run).await["run_log"], "/api/v1/run_log/1/");
}

/// A write is visible to the next request, and both answers name their position.
#[tokio::test]
async fn answers_say_how_much_of_the_log_they_know() {
    let app = TestApp::new().await;
    let run = app.run().await;
    let target = Resource::Run.uri(run);
    let answered = app.ask(WORKER, "PATCH", &target, claim().to_string()).await;
    let head = app.log.head().to_string();
    assert_eq!(answered.header("tallyman-position"), head);
    let seen = app.get(WORKER, &target).await;
    assert_eq!(seen.header("tallyman-position"), head);
}

/// 8.2: N failures in a row are accepted, and no more; a success resets the count.
#[tokio::test]
async fn a_job_that_fails_too_often_is_suspended() {
    let app = TestApp::new().await;
    let bears = json!({"disable_enqueue_after_fails": 1});
    assert_eq!(app.patch(WORKER, "/api/v1/job/2/", bears).await, 202);
    for (success, enabled) in [(false, true), (true, true), (false, true), (false, false)] {
        let run = app.run_of(2).await;
        let words = [claim(), start(), over(success), over(success)];
        app.report(run, &words).await;
        let job = app.get(WORKER, "/api/v1/job/2/").await.json();
        assert_eq!(job["enqueue_is_enabled"], enabled, "run {run}");
    }
    assert_eq!(app.events("job.enqueue_suspended").await.len(), 1);
}

/// 8.2: children run after a success, or after every outcome where that is configured.
#[tokio::test]
async fn children_run_when_they_should() {
    for (success, on_error, wished, children) in [
        (json!(true), false, true, 1),
        (json!(true), false, false, 0),
        (json!(false), false, true, 0),
        (json!(false), true, true, 1),
        (json!(null), false, true, 0),
        (json!(null), true, true, 1),
    ] {
        let app = TestApp::new().await;
        let body = json!({"schedule_children_on_error": on_error});
        assert_eq!(app.patch(WORKER, "/api/v1/job/1/", body).await, 202);
        let body = json!({
            "job": "/api/v1/job/1/", "schedule_dts": "2026-11-21", "schedule_children": wished,
        });
        let run = app.create(WORKER, Resource::Run, body).await;
        let mut over = over(true);
        over["return_success"] = success.clone();
        app.report(run, &[claim(), start(), over]).await;
        let scheduled = app.events("run.scheduled").await.len();
        assert_eq!(scheduled, 1 + children, "{success} {on_error} {wished}");
    }
}

/// 8.2: runs that follow from a manual run are not manual.
#[tokio::test]
async fn children_of_manual_runs_are_not_manual() {
    let app = TestApp::new().await;
    let body = json!({"job": "/api/v1/job/1/", "schedule_dts": "2026-11-21", "is_manual": true});
    let run = app.create(ADMIN, Resource::Run, body).await;
    app.report(run, &[claim(), start(), over(true)]).await;
    let child = app.see(run + 1).await;
    assert_eq!(child["job"], "/api/v1/job/3/");
    assert_eq!(child["is_manual"], false);
}

/// 8.2: whether a child's template, project and pool are switched on is looked at when its run is
/// sent.
#[tokio::test]
async fn a_child_that_is_switched_off_gets_no_run_and_one_of_a_project_that_is_does() {
    for (job_is_on, runs) in [(true, 2), (false, 1)] {
        let app = TestApp::new().await;
        let at = NOW.parse().unwrap();
        app.tell::<Project>(1, ProjectCommand::Suspend { at }).await;
        let on = json!({"enqueue_is_enabled": job_is_on});
        assert_eq!(app.patch(ADMIN, "/api/v1/job/3/", on).await, 202);
        let run = app.run().await;
        app.report(run, &[claim(), start(), over(true)]).await;
        assert_eq!(app.events("run.scheduled").await.len(), runs, "{job_is_on}");
    }
}

/// 18.2: a run that is not over after all may return again, and that counts again.
#[tokio::test]
async fn a_run_that_is_reopened_returns_again() {
    let app = TestApp::new().await;
    let run = app.run().await;
    app.report(run, &[claim(), start(), over(true)]).await;
    app.report(run, &[json!({"return_dts": null})]).await;
    app.clock.advance(std::time::Duration::from_secs(1));
    app.report(run, &[over(true)]).await;
    assert_eq!(followed(&app).await, [2, 2, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However a worker's reports are mixed and repeated, each return has one consequence.
    #[test]
    fn returns_count_as_often_as_they_happen(words in prop::collection::vec(0..6_usize, 1..10)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = TestApp::new().await;
            let run = app.run().await;
            let known = [claim(), start(), json!({"pid": 1}), over(true), over(false),
                json!({"enqueue_dts": null, "start_dts": null})];
            for word in words {
                app.report(run, &[known[word].clone()]).await;
                let returned = app.events("run.returned").await.len();
                let [counted, siblings, _] = followed(&app).await;
                assert_eq!((counted, siblings), (returned, returned));
                assert!(returned <= 1);
            }
        });
    }
}
