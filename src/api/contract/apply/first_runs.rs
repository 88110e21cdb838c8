//! A new job gets its first run once, at the given time.

use super::*;

#[tokio::test]
async fn a_new_job_that_will_never_run_is_pointed_out() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
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
        let applied = ok(app.apply(&json!({"jobs": [job]})).await);
        assert_eq!(
            applied["notes"].as_array().unwrap().len(),
            notes,
            "{more}: {applied:#}"
        );
    }
}

#[tokio::test]
async fn a_first_run_is_scheduled_once() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    ok(app.apply(&farm()).await);
    let mut later = farm();
    later["jobs"][1]["first_run"] = json!("2026-12-01T00:00:00+01:00");
    ok(app.apply(&later).await);
    let runs = app.get("/v1/events?category=run").await;
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
