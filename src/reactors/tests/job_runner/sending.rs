//! The messages to workers.

use projections::Runs;
use std::time::Duration;

use commands::runs;
use domain::jobs::kill_request::{self, KillRequest, KillRequestCommand};
use domain::jobs::run::Caller;
use domain::jobs::schedule::{IntervalUnit, Patience};
use domain::jobs::worker::{Worker, WorkerCommand};
use jiff::SignedDuration;
use reactors::dispatcher::DispatcherConfig;
use reactors::health::HealthConfig;

use crate::ears::{Ears, PING, enqueue, kill};
use crate::farm::{Farm, JOB, hasty, minutes, noon, patient};

#[tokio::test]
async fn a_due_run_is_sent_until_it_is_claimed_and_its_job_is_due_again() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| {
        (job.interval_count, job.interval_unit) = (Some(1), Some(IntervalUnit::Hour));
    })
    .await;
    farm.tell::<Worker>("2", WorkerCommand::Suspend { at: noon() })
        .await;
    let run = farm.schedule_at(JOB, minutes(-90)).await;
    let dispatching = farm.dispatch(hasty());
    let mut ears = Ears::of("w1", &dispatching).await;
    for _ in 0..3 {
        assert_eq!(ears.order().await, enqueue(run));
    }
    farm.starts(1, run).await;
    farm.returns(1, run, true).await;
    // Half past twelve: what was missed in the meantime is not caught up.
    let next = farm.run(run + 1).await;
    assert_eq!((next.schedule_at, next.is_manual), (minutes(30), false));
    farm.clock.set(minutes(30));
    dispatching.dispatcher.wake();
    while ears.order().await != enqueue(run + 1) {}
    assert_eq!(farm.count("run.followed").await, 2);
    let reading = dispatching.dispatcher.stats();
    assert_eq!(reading.followed, 2);
    assert!(reading.runs_sent >= 4 && reading.rounds >= 3);
}

#[tokio::test]
async fn every_worker_is_pinged_at_the_start_and_then_again() {
    let farm = Farm::at_noon().await;
    farm.tell::<Worker>("2", WorkerCommand::Suspend { at: noon() })
        .await;
    let config = DispatcherConfig {
        ping: Duration::from_millis(30),
        settle: Duration::from_millis(300),
        ..patient()
    };
    let dispatching = farm.dispatch(config);
    let mut ears = [
        Ears::of("w1", &dispatching).await,
        Ears::of("w2", &dispatching).await,
    ];
    for ears in &mut ears {
        assert_eq!(ears.next().await, PING);
        assert_eq!(ears.next().await, PING);
    }
}

/// It does not wait for the next round, which is an hour away.
#[tokio::test]
async fn a_requested_run_is_sent_at_once() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    farm.tell::<Worker>("2", WorkerCommand::Suspend { at: noon() })
        .await;
    let dispatching = farm.dispatch(patient());
    let mut ears = Ears::of("w1", &dispatching).await;
    let run = farm.schedule(JOB).await;
    assert_eq!(ears.order().await, enqueue(run));
    farm.starts(1, run).await;
    let number = farm
        .unit(|unit| async move { runs::request_kill(&unit, run).await })
        .await;
    assert_eq!(ears.order().await, kill(number));
}

#[tokio::test]
async fn a_kill_request_is_sent_until_its_worker_has_taken_note() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    let number = farm
        .unit(|unit| async move { runs::request_kill(&unit, run).await })
        .await;
    let dispatching = farm.dispatch(hasty());
    let mut ears = Ears::of("w1", &dispatching).await;
    for _ in 0..3 {
        assert_eq!(ears.order().await, kill(number));
    }
    let noted = KillRequestCommand::Patch {
        by: Caller::Worker(1),
        patch: kill_request::Patched {
            enqueued_at: Some(Some(noon())),
            ..kill_request::Patched::nothing(noon())
        },
    };
    farm.tell::<KillRequest>(&number.to_string(), noted).await;
    farm.returns(1, run, false).await;
    let next = farm.schedule(JOB).await;
    while ears.order().await == kill(number) {}
    farm.starts(1, next).await;
    assert_eq!(dispatching.dispatcher.stats().rounds_failed, 0);
}

#[tokio::test]
async fn a_run_on_all_workers_becomes_one_for_each() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| job.run_on_all_workers = true).await;
    let dispatching = farm.dispatch(hasty());
    let mut first = Ears::of("w1", &dispatching).await;
    let mut second = Ears::of("w2", &dispatching).await;
    let run = farm.schedule(JOB).await;
    assert_eq!(first.order().await, enqueue(run + 1));
    assert_eq!(second.order().await, enqueue(run + 2));
    // One that is claimed does not keep the other waiting.
    farm.starts(1, run + 1).await;
    for _ in 0..3 {
        assert_eq!(second.order().await, enqueue(run + 2));
    }
    let sibling = farm.run(run + 2).await;
    assert_eq!((sibling.schedule_id, sibling.worker), (run, Some(2)));
    assert!(farm.views.of::<Runs>().unwrap().get(run).unwrap().is_none());
    assert_eq!(farm.count("run.spread").await, 1);
}

#[tokio::test]
async fn a_job_without_time_for_a_next_occasion_is_given_up_once() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| {
        (job.interval_count, job.interval_unit) = (Some(1), Some(IntervalUnit::Hour));
        let day = r#"[{"from": "00:00:00", "until": "23:59:59.999999999"}]"#;
        job.excluded = serde_json::from_str(day).unwrap();
    })
    .await;
    let run = farm.schedule(JOB).await;
    let dispatching = farm.dispatch(hasty());
    farm.until_there_are(1, "run.not_followed").await;
    while dispatching.dispatcher.stats().rounds < 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(farm.count("run.not_followed").await, 1);
    assert_eq!(farm.run(run).await.enqueued_at, None);
}

/// Section 16 of the contract, and what 18.22 allows. Workers that come back have two seconds to
/// reconnect.
#[test]
fn the_clockwork_is_that_of_the_old_server() {
    let dispatching = DispatcherConfig::default();
    assert_eq!(dispatching.round, Duration::from_secs(5));
    assert_eq!(dispatching.ping, Duration::from_secs(300));
    assert_eq!(dispatching.settle, Duration::from_secs(2));
    let health = HealthConfig::default();
    assert_eq!(health.every, Duration::from_secs(300));
    assert_eq!(health.remind_after, SignedDuration::from_hours(1));
    let patience = Patience::default();
    assert_eq!(patience.ping_interval, SignedDuration::from_secs(300));
    assert_eq!(
        (patience.intervals, patience.margin),
        (3, SignedDuration::from_secs(15))
    );
}
