//! Lists of runs: states, filters, order.

use super::*;

/// Runs 1 to 6: waiting, claimed, started, well, badly, of another project.
async fn with_runs() -> TestApp {
    let app = TestApp::new().await;
    for _ in 1..6 {
        app.run_of(2).await;
    }
    app.report(2, &[claim()]).await;
    app.report(3, &[claim(), start()]).await;
    app.report(4, &[claim(), start(), over(true)]).await;
    let later = json!({"return_dts": "2026-11-21 08:10:00+00:00", "return_success": false});
    app.report(5, &[claim(), start(), later]).await;
    let body = json!({"job": "/api/v1/job/4/", "schedule_dts": "2026-11-21"});
    app.create(STRANGER, Resource::Run, body).await;
    app
}

/// W for `in_queue` and `started`: 6.1.
#[tokio::test]
async fn runs_are_listed_by_state() {
    let app = with_runs().await;
    for (query, ids) in [
        ("state=scheduled", vec![1]),
        ("state=in_queue", vec![2]),
        ("state=in_queue&worker__api_key=worker1", vec![2]),
        ("state=in_queue&worker__api_key=worker2", vec![]),
        ("state=started&worker__api_key=worker1", vec![3]),
        ("state=started", vec![3]),
        ("state=completed", vec![5, 4]),
        ("state=completed_successful", vec![4]),
        ("state=completed_with_error", vec![5]),
        ("state=completed_with_errors", vec![5]),
        ("state=last_completed", vec![5]),
        ("state=", vec![5, 4, 3, 2, 1]),
        ("state=whatever", vec![5, 4, 3, 2, 1]),
        ("", vec![5, 4, 3, 2, 1]),
    ] {
        let list = app.get(WORKER, &format!("/api/v1/run/?{query}")).await;
        assert_eq!(list.status, 200, "{query}");
        assert_eq!(list.ids(), ids, "{query}");
        assert_eq!(list.json()["meta"]["total_count"], ids.len(), "{query}");
    }
}

/// W: 6.1. Each state looks at some of the dates and at no others: a run that was given back after
/// its end waits again.
#[tokio::test]
async fn a_state_looks_at_some_dates_alone() {
    let app = TestApp::new().await;
    let run = app.run_of(2).await;
    app.report(run, &[claim(), start(), over(true)]).await;
    let date = "2026-11-21 08:06:00+00:00";
    for (said, state) in [
        (json!({"enqueue_dts": null}), "scheduled"),
        (json!({"enqueue_dts": date, "start_dts": null}), "in_queue"),
        (json!({"start_dts": date}), "completed"),
        (json!({"return_dts": null}), "started"),
    ] {
        let target = Resource::Run.uri(run);
        assert_eq!(app.patch(ADMIN, &target, said.clone()).await, 202, "{said}");
        for asked in ["scheduled", "in_queue", "started", "completed"] {
            let list = app
                .get(WORKER, &format!("/api/v1/run/?state={asked}"))
                .await;
            let expected = if asked == state { vec![run] } else { vec![] };
            assert_eq!(list.ids(), expected, "{said} {asked}");
        }
    }
}

/// D: 6.
#[tokio::test]
async fn runs_are_narrowed() {
    let app = with_runs().await;
    let manual = json!({"is_manual": true, "schedule_dts": "2026-12-01 00:00:00+00:00"});
    assert_eq!(app.patch(ADMIN, "/api/v1/run/1/", manual).await, 202);
    let all = vec![5, 4, 3, 2, 1];
    for (query, ids) in [
        ("job=2", all.clone()),
        ("job=1", vec![]),
        ("job=4", vec![]),
        ("job__in=1,2", all.clone()),
        ("job__title=Test+job+2&state=started", vec![3]),
        ("job__job_template__project=1", all.clone()),
        ("job__job_template__title=nothing", vec![]),
        ("project_id=1", all.clone()),
        ("project_id=2", vec![]),
        ("is_manual=true", vec![1]),
        ("is_manual=0", vec![5, 4, 3, 2]),
        ("is_manual=False", vec![5, 4, 3, 2]),
        ("is_manual=1", vec![1]),
        ("project_id=0", vec![]),
        ("is_manual__in=true,false", all.clone()),
        ("is_manual__isnull=true", vec![]),
        ("worker=1", vec![5, 4, 3, 2]),
        ("worker=9", vec![]),
        ("worker__isnull=true", vec![1]),
        ("worker__isnull=false", vec![5, 4, 3, 2]),
        ("worker__isnull=true&worker__api_key=worker1", vec![]),
        ("worker__api_key__startswith=worker", vec![5, 4, 3, 2]),
        ("schedule_dts__gte=2026-12-01", vec![1]),
        ("schedule_dts__gt=2026-12-01T00:00:00Z", vec![]),
        ("schedule_dts__lt=2026-12-01T00:00:00Z", vec![5, 4, 3, 2]),
        ("schedule_dts=2012-01-01+01:00:00", vec![5, 4, 3, 2]),
        (
            "schedule_dts__range=2012-01-01,2012-01-02&state=completed",
            vec![5, 4],
        ),
        ("schedule_dts__in=2026-12-01+01:00,2026-12-02", vec![1]),
        (
            "schedule_dts__gt=2012-01-01&schedule_dts__gte=2013-01-01&schedule_dts__lte=2027-01-01",
            vec![1],
        ),
        (
            "schedule_dts__gte=2013-01-01&schedule_dts__gt=2012-01-01&schedule_dts__lt=2027-01-01&schedule_dts__lte=2028-01-01",
            vec![1],
        ),
        ("schedule_dts__isnull=true", vec![]),
        ("schedule_dts__isnull=false", all.clone()),
    ] {
        let list = app.get(WORKER, &format!("/api/v1/run/?{query}")).await;
        assert_eq!(list.status, 200, "{query}");
        assert_eq!(list.ids(), ids, "{query}");
    }
    for query in [
        "pid=1",
        "job=x",
        "worker__secret=1",
        "schedule_dts=x",
        "order_by=id",
    ] {
        let list = app.get(WORKER, &format!("/api/v1/run/?{query}")).await;
        assert_eq!(list.status, 400, "{query}");
    }
}

/// W: 2.4. The worker follows `next` as it is.
#[tokio::test]
async fn the_pages_of_a_state_lead_to_each_other() {
    let app = TestApp::new().await;
    for _ in 0..3 {
        let run = app.run_of(2).await;
        app.report(run, &[claim()]).await;
    }
    let mut target = "/api/v1/run/?state=in_queue&worker__api_key=worker1&limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = app.get(WORKER, &target).await;
        assert_eq!(page.status, 200);
        seen.extend(page.ids());
        let meta = &page.json()["meta"];
        assert_eq!(meta["total_count"], 3);
        match meta["next"].as_str() {
            Some(next) => next.clone_into(&mut target),
            None => break,
        }
    }
    assert_eq!(seen.len(), 3);
    assert_eq!(
        target,
        "/api/v1/run/?state=in_queue&worker__api_key=worker1&limit=2&offset=2"
    );
}

/// 2.5: a page beyond the last one is empty, however far.
#[tokio::test]
async fn a_page_far_away_is_empty_and_knows_the_total() {
    let app = with_runs().await;
    for offset in ["5", "1001", "9999999999", "18446744073709551615"] {
        let page = app
            .get(WORKER, &format!("/api/v1/run/?offset={offset}"))
            .await;
        assert_eq!(page.status, 200, "{offset}");
        assert!(page.ids().is_empty(), "{offset}");
        assert_eq!(page.json()["meta"]["total_count"], 5, "{offset}");
        assert_eq!(page.json()["meta"]["next"], Value::Null, "{offset}");
    }
}

/// O: 2.1.
#[tokio::test]
async fn runs_are_found_in_sets() {
    let app = with_runs().await;
    let set = app.get(WORKER, "/api/v1/run/set/4;1;99/").await;
    assert_eq!(set.ids(), [4, 1]);
    assert_eq!(set.json()["not_found"], json!(["99"]));
    assert_eq!(app.get(WORKER, "/api/v1/run/set/1;6/").await.status, 401);
    assert_eq!(app.get(WORKER, "/api/v1/run/6/").await.status, 401);
}
