//! The queries to Prometheus, byte for byte, and when they are sent at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use commands::Clock;
use domain::Metadata;
use domain::builds::build::{Build, BuildCommand, BuildEvent, BuildKey, SkipReason as S};
use jiff::Timestamp;
use projections::Collections;
use projections::builds::collections::{CollectionRow, CollectionState, Outcome};
use reactors::Faults;
use tokio::sync::Notify;

use crate::app::{App, FINISHED, PATIENCE, SECRETS, config, failed, key, report};
use crate::canned::Canned;
use crate::gitlab;

#[tokio::test]
async fn the_questions_are_those_of_the_contract() {
    let canned = Canned::default();
    let url = canned.serve().await;
    let app = App::new();
    let _collector = app.collect(config(Some(&url), None));
    app.report(report(9_892_514)).await;
    let state = app.until_done(9_892_514).await;
    assert_eq!(state, CollectionState::Done(Outcome::Recorded));

    let asked = canned.asked();
    let found: Vec<(&str, &str)> = asked
        .iter()
        .map(|one| {
            let (path, _) = one.target.split_once('?').unwrap();
            (path, one.parameters["query"].as_str())
        })
        .collect();
    let (query, range) = ("/api/v1/query", "/api/v1/query_range");
    let wanted = [
        (
            query,
            r#"kube_pod_annotations{annotation_gitlab_ci_job_id="9892514"}"#,
        ),
        (
            query,
            r#"kube_pod_container_resource_requests{container="build", pod="pod-1"}"#,
        ),
        (
            query,
            r#"kube_pod_container_resource_limits{container="build", pod="pod-1"}"#,
        ),
        (
            range,
            r#"container_memory_working_set_bytes{container="build", pod="pod-1"}"#,
        ),
        (
            range,
            "rate(container_cpu_usage_seconds_total{pod='pod-1', container='build'}[90s])",
        ),
        (query, r#"kube_node_info{node="n1"}"#),
        (query, r#"kube_node_labels{node="n1"}"#),
    ];
    assert_eq!(found, wanted);
    for one in &asked {
        // A proxy in front of it may compress answers when no encoding is named, and only gzip is
        // read here.
        assert_eq!(one.accept_encoding.as_deref(), Some("identity"));
        assert_eq!(
            one.cookie.as_deref(),
            Some(format!("_oauth2_proxy={}", SECRETS[0]).as_str())
        );
        match one.parameters.get("time") {
            Some(time) => assert_eq!(time, "1706117346", "the middle"),
            None => {
                assert_eq!(one.parameters["start"], "1706117046");
                assert_eq!(one.parameters["end"], "1706117646");
                assert_eq!(one.parameters["step"], "1s");
            }
        }
    }
}

/// One start without an address for Prometheus settles nothing: what waits is collected after the
/// next.
#[tokio::test]
async fn without_a_prometheus_what_would_need_one_stays_queued() {
    let app = App::new();
    let without = app.collect(config(None, None));
    app.report(report(1)).await;
    app.report(failed(3, "script_failure")).await;
    let mut elsewhere = report(2);
    elsewhere.stage = "test".to_owned();
    app.report(elsewhere).await;
    let state = app.until_done(2).await;
    assert_eq!(state, CollectionState::Done(Outcome::Skipped(S::Stage)));
    without.stop().await;
    for job in [1, 3] {
        let row = app
            .views
            .of::<Collections>()
            .unwrap()
            .get(&key(job))
            .unwrap()
            .unwrap();
        assert_eq!(row.progress.state, CollectionState::Queued, "{job}");
    }
    assert_eq!(app.collection().await.len(), 1, "nothing but the skip");

    let url = Canned::default().serve().await;
    let _collector = app.collect(config(Some(&url), None));
    let state = app.until_done(1).await;
    assert_eq!(state, CollectionState::Done(Outcome::Recorded));
}

/// What the rules leave out is neither hidden by the many that wait for a Prometheus, nor written
/// down a few at a time: builds come faster than a log that syncs every outcome alone could follow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_is_skipped_together_behind_all_that_waits() {
    let app = App::new();
    for job in 1..=700 {
        app.report(report(job)).await;
    }
    for job in 1001..=1100 {
        let mut canceled = report(job);
        canceled.status = "canceled".to_owned();
        app.report(canceled).await;
    }
    let (begun, all_begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, notify) = (Arc::clone(&begun), Arc::clone(&all_begun));
    let mut config = config(None, None);
    config.faults = Faults::halting(move |step| {
        if step == "begun" && count.fetch_add(1, Ordering::SeqCst) == 99 {
            notify.notify_one();
        }
        step == "begun"
    });
    let halted = app.collect(config.clone());
    let waited = tokio::time::timeout(PATIENCE, all_begun.notified()).await;
    waited.unwrap_or_else(|_| panic!("only {} at once", begun.load(Ordering::SeqCst)));
    drop(halted);

    config.faults = Faults::default();
    let _collector = app.collect(config);
    for job in 1001..=1100 {
        let state = app.until_done(job).await;
        assert_eq!(
            state,
            CollectionState::Done(Outcome::Skipped(S::NotSuccessful))
        );
    }
    assert_eq!(app.collection().await.len(), 100);
}

/// The numbers of another instance mean other builds here.
#[tokio::test]
async fn no_query_is_sent_about_builds_of_another_instance() {
    let canned = Canned::default();
    let url = canned.serve().await;
    for (sources, source, asked) in [
        (vec![], "default", true),
        (vec![], "mirror", true),
        (vec![], "default@gitlab.example", false),
        (vec!["mirror".to_owned()], "default", false),
        (vec!["mirror".to_owned()], "mirror", true),
    ] {
        let app = App::new();
        let mut config = config(Some(&url), None);
        config.sources = sources;
        let collector = app.collect(config);
        let mut report = report(1);
        report.source = source.to_owned();
        app.report(report).await;
        let state = app.until_done_of(&BuildKey::new(source, 1).unwrap()).await;
        let wanted = if asked {
            Outcome::Recorded
        } else {
            Outcome::Skipped(S::NotConfigured)
        };
        assert_eq!(state, CollectionState::Done(wanted), "{source}");
        collector.stop().await;
    }
}

/// A build that was skipped because no Prometheus knew its source is collected when an operator
/// requeues it.
#[tokio::test]
async fn a_requeued_build_is_collected_again() {
    let app = App::new();
    let url = Canned::default().serve().await;
    let mut of_another = config(Some(&url), None);
    of_another.sources = vec!["mirror".to_owned()];
    let without = app.collect(of_another);
    app.report(report(1)).await;
    let state = app.until_done(1).await;
    assert_eq!(
        state,
        CollectionState::Done(Outcome::Skipped(S::NotConfigured))
    );
    without.stop().await;

    let _collector = app.collect(config(Some(&url), None));
    let at = app.commands.clock().now();
    let metadata = Metadata::default();
    let again = BuildCommand::RequeueCollection { at };
    let key = key(1).to_string();
    app.commands
        .execute::<Build>(&key, again, &metadata)
        .await
        .unwrap();
    let second =
        |row: &CollectionRow| row.progress.collection == 2 && !row.progress.state.is_waiting();
    let row = app.until(1, second).await;
    assert_eq!(row.progress.state, CollectionState::Done(Outcome::Recorded));
}

#[tokio::test]
async fn no_query_is_sent_about_a_ghost() {
    let canned = Canned::default();
    let (url, gitlab) = (
        canned.serve().await,
        gitlab::serve(&[(1, "No need to rebuild zlib")]).await,
    );
    let app = App::new();
    let _collector = app.collect(config(Some(&url), Some(&gitlab)));
    app.report(report(1)).await;
    let state = app.until_done(1).await;
    assert_eq!(state, CollectionState::Done(Outcome::Skipped(S::Ghost)));
    assert!(canned.asked().is_empty());
}

/// A scrape that shows the kill may still come, so no outcome is decided too early.
#[tokio::test]
async fn a_build_that_failed_just_now_is_looked_at_again() {
    let clock = Clock::fixed(Timestamp::from_second(FINISHED + 1).unwrap());
    let canned = Canned::default();
    let url = canned.serve().await;
    let app = App::at(clock.clone());
    let collector = app.collect(config(Some(&url), None));
    app.report(failed(1, "script_failure")).await;
    // The build after it has its outcome, so it was looked at and put off.
    app.report(report(2)).await;
    app.until_done(2).await;
    let of_one = |events: Vec<BuildEvent>| {
        let skipped = |event: &BuildEvent| matches!(event, BuildEvent::CollectionSkipped(_));
        events.into_iter().filter(skipped).count()
    };
    assert_eq!(of_one(app.collection().await), 0);

    clock.set(Timestamp::from_second(FINISHED + 31).unwrap());
    collector.wake();
    let state = app.until_done(1).await;
    assert_eq!(
        state,
        CollectionState::Done(Outcome::Skipped(S::NotSuccessful))
    );
    assert_eq!(of_one(app.collection().await), 1);
    assert!(collector.stats().postponed >= 1);
}
