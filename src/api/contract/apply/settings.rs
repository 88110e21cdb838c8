//! Settings of a job that the old server did not have.

use super::*;

fn job(more: &Value) -> Value {
    let mut job = json!({"title": "asking", "job_template": "Shell", "worker_pool": "Pool 1"});
    let fields = job.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    json!({"jobs": [job]})
}

#[tokio::test]
async fn a_job_asks_for_more_and_again_for_nothing() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    let settings = json!({
        "cron": "30 4 * * MON-FRI",
        "time_zone": "europe/rome",
        "run_timeout_seconds": 3600,
        "retries": 3,
        "retry_delay_seconds": 10,
    });
    let applied = ok(app.apply(&job(&settings)).await);
    let id = applied["objects"]["jobs"]["asking"]["id"].as_u64().unwrap();
    let shown = app.get(&format!("/v1/jobs/{id}")).await.body;
    for (field, value) in settings.as_object().unwrap() {
        let expected = match field.as_str() {
            // As the database of time zones writes it.
            "time_zone" => json!("Europe/Rome"),
            _ => value.clone(),
        };
        assert_eq!(shown[field], expected, "{field}");
    }
    let head = app.head();
    let again = ok(app.apply(&job(&settings)).await);
    assert_eq!((&again["changed"], app.head()), (&json!(false), head));

    // What is not spoken of stays; nothing empties.
    let less = json!({"cron": null, "retries": null, "reschedule_interval": 1, "reschedule_interval_type": "DAY"});
    let applied = ok(app.apply(&job(&less)).await);
    let changes = items_of(&applied["objects"]["jobs"]["asking"]["changes"], "field");
    let expected = [
        "cron",
        "reschedule_interval",
        "reschedule_interval_type",
        "retries",
    ];
    assert_eq!(changes, expected);
    let shown = app.get(&format!("/v1/jobs/{id}")).await.body;
    assert_eq!(
        (&shown["cron"], &shown["retries"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(shown["time_zone"], "Europe/Rome");
}

#[tokio::test]
async fn a_fault_about_two_rhythms_names_both() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    let both = json!({"cron": "@daily", "reschedule_interval": 1});
    for refused in [
        app.apply(&job(&both)).await,
        app.ask("PATCH", "/v1/jobs/1", Some(ADMIN), Some(both))
            .await,
    ] {
        assert_eq!(refused.status, 400, "{refused:?}");
        let fault = refused.body["errors"][0].to_string();
        assert!(
            fault.contains("cron") && fault.contains("reschedule_interval"),
            "{fault}"
        );
    }
}

/// The first run follows from the calendar.
#[tokio::test]
async fn a_job_by_the_calendar_begins_by_itself_and_once() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    // Before noon of a Saturday, and by the clock of Tokyo in the evening.
    for (title, zone, due) in [
        ("usual", Value::Null, "2026-11-23T03:00:00Z"),
        ("tokyo", json!("Asia/Tokyo"), "2026-11-22T18:00:00Z"),
    ] {
        let settings = json!({"title": title, "cron": "0 3 * * MON", "time_zone": zone});
        let applied = ok(app.apply(&job(&settings)).await);
        let made = &applied["objects"]["jobs"][title];
        let run = made["first_run"].as_u64().unwrap();
        assert_eq!(applied["notes"], json!([]), "{applied:#}");
        let shown = app.get(&format!("/v1/runs/{run}")).await.body;
        assert_eq!(shown["schedule_at"], due, "{title}");
        assert_eq!(shown["is_manual"], false);
        let head = app.head();
        ok(app.apply(&job(&settings)).await);
        assert_eq!(app.head(), head, "{title}");
    }
    // A given first run is used; and a job without a time to run causes a note.
    let reply = json!({"title": "told", "cron": "0 3 * * MON", "first_run": "now"});
    let applied = ok(app.apply(&job(&reply)).await);
    let run = applied["objects"]["jobs"]["told"]["first_run"].as_u64();
    let shown = app.get(&format!("/v1/runs/{}", run.unwrap())).await.body;
    assert_eq!(shown["schedule_at"], NOW);
    let never = json!({"title": "never", "cron": "0 3 * * *", "exclude_windows": ["00:00-23:59"]});
    let applied = ok(app.apply(&job(&never)).await);
    assert_eq!(applied["notes"].as_array().unwrap().len(), 1, "{applied:#}");
}

#[tokio::test]
async fn a_job_that_gets_an_expression_begins_unless_a_run_waits_for_it() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    let runs = async || {
        let runs = app.get("/v1/runs?job=1").await;
        runs.body["items"].as_array().unwrap().len()
    };
    // `child` is the second job and has no run; `nightly` is the first and waits for its own.
    let cron =
        json!({"cron": "@hourly", "reschedule_interval": null, "reschedule_interval_type": null});
    let edited = app
        .ask("PATCH", "/v1/jobs/1", Some(ADMIN), Some(cron.clone()))
        .await;
    assert_eq!(edited.status, 200, "{edited:?}");
    assert_eq!(runs().await, 1);
    let edited = app
        .ask("PATCH", "/v1/jobs/2", Some(ADMIN), Some(cron.clone()))
        .await;
    assert_eq!(edited.status, 200, "{edited:?}");
    let scheduled = app.get("/v1/runs?job=2").await.body;
    assert_eq!(scheduled["items"].as_array().unwrap().len(), 1);
    let head = app.head();
    app.ask("PATCH", "/v1/jobs/2", Some(ADMIN), Some(cron))
        .await;
    assert_eq!(app.head(), head);
}

fn items_of(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item[field].as_str().unwrap().to_owned())
        .collect()
}
