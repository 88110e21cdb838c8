//! Jobs with settings that the old server did not have: clients of the old API see values that they
//! can read, and leave alone the fields that they do not know.

use domain::jobs::job::{Edited, Job, JobCommand};

use super::*;

/// Job 1, which ran every day, by the calendar instead, and asking for everything else.
async fn asking() -> TestApp {
    let app = TestApp::new().await;
    let now = app.clock.now();
    let edited = Edited {
        interval_count: Some(None),
        interval_unit: Some(None),
        cron: Some(Some("0 3 * * *".to_owned())),
        time_zone: Some(Some("Asia/Tokyo".to_owned())),
        run_timeout_seconds: Some(Some(60)),
        retries: Some(Some(3)),
        retry_delay_seconds: Some(Some(10)),
        ..Edited::nothing(now)
    };
    app.tell::<Job>(1, JobCommand::Edit(edited)).await;
    app
}

impl TestApp {
    async fn job_facts(&self) -> domain::jobs::job::Created {
        let loaded = self.app.commands.load::<Job>("1").await.unwrap();
        loaded.state.facts().unwrap().clone()
    }
}

#[tokio::test]
async fn a_job_by_the_calendar_looks_like_one_that_does_not_repeat() {
    let plain = TestApp::new().await.get(WORKER, "/api/v1/job/1/").await;
    let app = asking().await;
    let job = app.get(WORKER, "/api/v1/job/1/").await.json();
    assert_eq!(job["reschedule_interval"], Value::Null);
    assert_eq!(job["reschedule_interval_type"], "");
    let keys = |job: &Value| -> Vec<String> { job.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&job), keys(&plain.json()));
}

#[tokio::test]
async fn what_an_old_client_does_not_know_it_leaves_alone() {
    let app = asking().await;
    let before = app.job_facts().await;
    let mut whole = app.get(ADMIN, "/api/v1/job/1/").await.json();
    whole["enqueue_is_enabled"] = json!(false);
    let put = app
        .ask(ADMIN, "PUT", "/api/v1/job/1/", whole.to_string())
        .await;
    assert_eq!(put.status, 204, "{put:?}");
    let patch = json!({"description": "new"}).to_string();
    let patched = app.ask(ADMIN, "PATCH", "/api/v1/job/1/", patch).await;
    assert_eq!(patched.status, 202, "{patched:?}");
    let after = app.job_facts().await;
    let expected = domain::jobs::job::Created {
        enqueue_is_enabled: false,
        description: "new".to_owned(),
        ..before
    };
    assert_eq!(after, expected);
}

#[tokio::test]
async fn an_interval_for_a_job_by_the_calendar_is_refused_by_name() {
    let app = asking().await;
    let before = app.job_facts().await;
    for patch in [
        json!({"reschedule_interval": 1, "reschedule_interval_type": "DAY"}),
        json!({"reschedule_interval_type": "DAY"}),
    ] {
        let refused = app
            .ask(WORKER, "PATCH", "/api/v1/job/1/", patch.to_string())
            .await;
        assert_eq!(refused.status, 400, "{refused:?}");
        let error = refused.json()["error"].to_string();
        assert!(
            error.contains("cron") && error.contains("reschedule_interval"),
            "{error}"
        );
    }
    assert_eq!(app.job_facts().await, before);
}
