mod paging;

use std::time::Duration;

use domain::builds::build::BuildEvent;
use eventlog::Position;
use proptest::prelude::*;

use crate::builds::build::{BuildFilter, BuildOrder, BuildRow, UsageSummary};
use crate::builds::collections::CollectionState;
use crate::testing::{
    App, PATIENCE, at, block_on, key, killed, report, reported, tell, usage, used,
};
use crate::{Behind, Builds, Cursor};

#[tokio::test]
async fn what_was_reported_is_read_back_at_once() {
    let app = App::new();
    app.tell_of_build(1, reported(1, "running")).await;
    app.tell_of_build(1, reported(1, "success")).await;
    app.tell_of_build(1, used(1, "zlib")).await;

    let row = app
        .views
        .of::<Builds>()
        .unwrap()
        .get(&key(1))
        .unwrap()
        .unwrap();
    assert_eq!(row.status, "success");
    assert_eq!(row.duration_seconds(), Some(5.0));
    assert_eq!(row.queued_seconds(), Some(3.0));
    let data = usage(1, "zlib");
    let summary = UsageSummary {
        package: "zlib".to_owned(),
        version: data.spec.version,
        stack: data.stack,
        hostname: data.hostname,
        node: data.node,
        build_jobs: data.build_jobs,
        cpu_request: data.cpu.request,
        cpu_mean: Some(data.cpu.mean),
        cpu_max: Some(data.cpu.max),
        memory_request: data.memory.request,
        memory_limit: data.memory.limit,
        memory_mean: Some(data.memory.mean),
        memory_max: Some(data.memory.max),
        out_of_memory: false,
    };
    assert_eq!(row.usage, Some(summary));
    assert_eq!(row.collection.unwrap().state.as_str(), "recorded");
}

/// The row's fields of the build itself, without positions in the log.
fn facts(row: BuildRow) -> impl PartialEq + std::fmt::Debug {
    let times = (row.created_at, row.started_at, row.finished_at);
    (
        row.status,
        times,
        row.runner,
        row.stage,
        row.git_ref,
        row.reports,
        row.usage,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Deliveries run in parallel: arrival order is not event order.
    #[test]
    fn reports_say_the_same_in_any_order(
        story in Just(["created", "pending", "running", "canceling", "failed"]).prop_shuffle(),
    ) {
        let data = |story: [&'static str; 5]| block_on(async {
            let app = App::new();
            for status in story {
                app.tell_of_build(1, reported(1, status)).await;
            }
            facts(app.views.of::<Builds>().unwrap().get(&key(1)).unwrap().unwrap())
        });
        let in_order = data(["created", "pending", "running", "canceling", "failed"]);
        prop_assert_eq!(data(story), in_order);
    }
}

#[tokio::test]
async fn only_a_newer_end_replaces_an_end() {
    let app = App::new();
    let status = || {
        app.views
            .of::<Builds>()
            .unwrap()
            .get(&key(1))
            .unwrap()
            .unwrap()
            .status
    };
    let ended = |status, second| {
        let mut report = report(1, status);
        report.finished_at = Some(at(second));
        BuildEvent::Reported(report)
    };
    app.tell_of_build(1, ended("failed", 100)).await;
    app.tell_of_build(1, ended("success", 90)).await;
    assert_eq!(status(), "failed");
    app.tell_of_build(1, ended("canceled", 101)).await;
    assert_eq!(status(), "canceled");
    app.tell_of_build(1, reported(1, "running")).await;
    assert_eq!(status(), "canceled");
}

#[tokio::test]
async fn imported_usage_makes_a_build_without_a_report() {
    let app = App::new();
    app.tell_of_build(1, used(1, "zlib")).await;
    let row = app
        .views
        .of::<Builds>()
        .unwrap()
        .get(&key(1))
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.status.as_str(), row.stage, row.reports),
        ("success", None, 0)
    );
    app.tell_of_build(2, BuildEvent::OutOfMemory(killed(2, 1)))
        .await;
    let row = app
        .views
        .of::<Builds>()
        .unwrap()
        .get(&key(2))
        .unwrap()
        .unwrap();
    assert!(row.usage.unwrap().out_of_memory);
}

#[tokio::test]
async fn times_that_contradict_each_other_give_no_duration() {
    let app = App::new();
    let mut report = report(1, "success");
    report.finished_at = Some(at(1));
    app.tell_of_build(1, BuildEvent::Reported(report)).await;
    let row = app
        .views
        .of::<Builds>()
        .unwrap()
        .get(&key(1))
        .unwrap()
        .unwrap();
    assert_eq!(row.duration_seconds(), None);
}

#[tokio::test]
async fn a_list_is_narrowed_by_any_field() {
    let app = App::new();
    for number in 1..=9 {
        app.tell_of_build(number, reported(number, "success")).await;
        if number % 2 == 0 {
            app.tell_of_build(number, used(number, "zlib")).await;
        }
    }
    let builds = app.views.of::<Builds>().unwrap();
    let text = |text: &str| Some(text.to_owned());
    let any = BuildFilter::default;
    let queued = text(CollectionState::Queued.as_str());
    let (since, until) = (Some(at(58)), Some(at(78)));
    let order = BuildOrder::Finished;
    for (filter, expected) in [
        (
            BuildFilter {
                package: text("zlib"),
                ..any()
            },
            &[8, 6, 4, 2][..],
        ),
        (
            BuildFilter {
                package: text("zlib"),
                oldest_first: true,
                ..any()
            },
            &[2, 4, 6, 8],
        ),
        (
            BuildFilter {
                collection: queued.clone(),
                ..any()
            },
            &[9, 7, 5, 3, 1],
        ),
        (
            BuildFilter {
                package: text("zlib"),
                collection: queued,
                ..any()
            },
            &[],
        ),
        (
            BuildFilter {
                hostname: text("ip-10-0-0-1"),
                status: text("success"),
                ..any()
            },
            &[8, 6, 4, 2],
        ),
        (
            BuildFilter {
                node: text("uuid-1"),
                source: text("default"),
                ..any()
            },
            &[8, 6, 4, 2],
        ),
        (
            BuildFilter {
                stage: text("stage-2"),
                ..any()
            },
            &[],
        ),
        (
            BuildFilter {
                git_ref: text("develop"),
                status: text("running"),
                ..any()
            },
            &[],
        ),
        (
            BuildFilter {
                order,
                since,
                until,
                ..any()
            },
            &[6, 5],
        ),
        (
            BuildFilter {
                order,
                since,
                package: text("zlib"),
                ..any()
            },
            &[8, 6],
        ),
        (
            BuildFilter {
                order: BuildOrder::Updated,
                ..any()
            },
            &[9, 8, 7, 6, 5, 4, 3, 2, 1],
        ),
    ] {
        let page = builds.list(&filter, &Cursor::start(), 100).unwrap();
        let found: Vec<i64> = page.rows.iter().map(|row| row.key.number()).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn who_waits_for_what_never_comes_is_told_where_the_views_are() {
    let app = App::new();
    let last = tell(&*app.log, "build-default:1", reported(1, "running")).await;
    app.views.wait_for_all(last, PATIENCE).await.unwrap();
    let wanted = Position(last.0 + 1);
    let behind = app
        .views
        .wait_for_all(wanted, Duration::from_millis(1))
        .await;
    let position = last;
    assert_eq!(behind, Err(Behind { position, wanted }));
    let one = app
        .views
        .wait_for::<Builds>(wanted, Duration::from_millis(1));
    assert_eq!(one.await, Err(Behind { position, wanted }));
}
