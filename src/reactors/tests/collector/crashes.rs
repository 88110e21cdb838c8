//! Killed between any two steps and started again over the same log: one outcome, and nothing
//! twice.

use domain::BuildsEvent;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::Event;
use domain::builds::build::BuildEvent;
use projections::builds::collections::{CollectionState, Outcome};
use reactors::Faults;
use reactors::collector::CollectorConfig;
use tokio::sync::Notify;

use crate::app::{App, PATIENCE, config, failed, report};
use crate::canned::Canned;

const STEPS: [&str; 7] = [
    "begun",
    "log_read",
    "pod_found",
    "measured",
    "machine_found",
    "node_described",
    "outcome_written",
];

#[tokio::test]
async fn a_kill_between_any_two_steps_loses_and_doubles_nothing() {
    let url = Canned::default().serve().await;
    for step in STEPS {
        let app = App::new();
        app.report(report(1)).await;
        killed_at(&app, step, config(Some(&url), None)).await;

        let app = app.reopened();
        let _collector = app.collect(config(Some(&url), None));
        let state = app.until_done(1).await;
        assert_eq!(state, CollectionState::Done(Outcome::Recorded), "{step}");
        check(&app, step, &["build.usage_recorded"]).await;
    }
}

#[tokio::test]
async fn a_kill_around_an_attempt_that_failed_counts_it_once() {
    for (step, failures) in [("attempt_failed", 2), ("outcome_written", 1)] {
        let url = Canned::failing(failures).serve().await;
        let app = App::new();
        app.report(report(1)).await;
        killed_at(&app, step, config(Some(&url), None)).await;

        let app = app.reopened();
        let _collector = app.collect(config(Some(&url), None));
        app.until_done(1).await;
        let data = ["build.collection_attempted", "build.usage_recorded"];
        check(&app, step, &data).await;
    }
}

#[tokio::test]
async fn a_kill_while_a_failed_build_is_looked_at_loses_nothing() {
    let url = Canned::default().serve().await;
    for step in ["begun", "pod_found", "measured", "outcome_written"] {
        let app = App::new();
        app.report(failed(1, "oom_killed")).await;
        killed_at(&app, step, config(Some(&url), None)).await;

        let app = app.reopened();
        let _collector = app.collect(config(Some(&url), None));
        let state = app.until_done(1).await;
        assert_eq!(state, CollectionState::Done(Outcome::OutOfMemory), "{step}");
        check(&app, step, &["build.out_of_memory"]).await;
    }
}

/// Two processes on one log, or one whose views are behind: the decider lets one of them win.
#[tokio::test]
async fn two_collectors_on_one_log_write_one_outcome() {
    let url = Canned::default().serve().await;
    let app = App::new();
    let other = app.reopened();
    let _one = app.collect(config(Some(&url), None));
    let _other = other.collect(config(Some(&url), None));
    for job in 1..=20 {
        app.report(report(job)).await;
    }
    for job in 1..=20 {
        app.until_done(job).await;
        other.until_done(job).await;
    }
    check(&app, "two", &["build.usage_recorded"; 20]).await;
}

/// A collector that is stopped takes nothing more, and the next one goes on.
#[tokio::test]
async fn a_stopped_collector_leaves_its_queue_to_the_next() {
    let url = Canned::default().serve().await;
    let app = App::new();
    app.collect(config(Some(&url), None)).stop().await;
    app.report(report(1)).await;
    assert!(app.collection().await.is_empty());
    let _next = app.collect(config(Some(&url), None));
    app.until_done(1).await;
}

/// Starts a collector, and drops it when it has come to a step.
async fn killed_at(app: &App, step: &'static str, config: CollectorConfig) {
    let (there, reached) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let (tell, once) = (Arc::clone(&there), Arc::clone(&reached));
    let faults = Faults::halting(move |found| {
        let halts = found == step && !once.swap(true, Ordering::SeqCst);
        if halts {
            tell.notify_one();
        }
        halts
    });
    let collector = app.collect(CollectorConfig { faults, ..config });
    let waited = tokio::time::timeout(PATIENCE, there.notified()).await;
    waited.unwrap_or_else(|_| panic!("{step} is reached"));
    drop(collector);
    assert!(reached.load(Ordering::SeqCst));
}

/// The collection wrote exactly these events, and the machine was described at most once.
async fn check(app: &App, step: &str, wanted: &[&str]) {
    let events = app.collection().await;
    let kinds: Vec<&str> = events.iter().map(BuildEvent::event_type).collect();
    assert_eq!(kinds, wanted, "{step}");
    let described = |event: &Event| matches!(event, Event::Builds(BuildsEvent::Node(_)));
    let described = app.events().await.into_iter().filter(described);
    assert!(described.count() <= 1, "{step}");
}
