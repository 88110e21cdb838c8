//! Clocks that are set while the server runs, or while it does not.

use projections::Runs;
use std::time::Duration;

use domain::jobs::kill_request::{self, KillRequest, KillRequestCommand};
use domain::jobs::run::Caller;
use domain::jobs::schedule::IntervalUnit;
use domain::jobs::worker::{Worker, WorkerCommand};
use jiff::Timestamp;

use crate::ears::{Ears, enqueue, kill};
use crate::farm::{Dispatching, Farm, JOB, hasty, minutes, noon};

const YEAR: i64 = 365 * 24 * 60;

/// The clock showed next year for a moment: due runs were sent, and the next occasions were a year
/// and an hour ahead, without any warning.
#[tokio::test]
async fn an_occasion_that_was_scheduled_while_the_clock_was_ahead_is_due_by_the_rule_again() {
    for (cron, due) in [(None, 60), (Some("30 * * * *"), 30)] {
        let farm = hourly(cron).await;
        let first = farm.schedule_at(JOB, noon()).await;
        farm.clock.step(minutes(YEAR));
        let dispatching = farm.dispatch(hasty());
        let mut ears = Ears::of("w1", &dispatching).await;
        assert_eq!(ears.order().await, enqueue(first));
        farm.starts(1, first).await;
        farm.until_there_are(1, "run.followed").await;
        let next = first + 1;
        assert!(farm.run(next).await.schedule_at >= minutes(YEAR));
        farm.clock.step(noon());
        settles(&farm, &dispatching).await;
        farm.until_there_are(1, "run.patched").await;
        // Ten seconds went by meanwhile.
        assert_eq!(farm.run(next).await.schedule_at, minutes(due));
        let reading = dispatching.dispatcher.stats();
        assert_eq!((reading.rescheduled, reading.rounds_failed), (1, 0));
        assert_eq!(farm.liveness.awake().steps().back, 1);

        farm.returns(1, first, true).await;
        farm.clock.set(minutes(due));
        while ears.order().await != enqueue(next) {}
        assert_eq!(farm.run(next + 1).await.schedule_at, minutes(due + 60));
    }
}

/// The same, found by the next server: the clock was set right while none ran.
#[tokio::test]
async fn a_restart_finds_what_was_scheduled_while_the_clock_was_ahead() {
    let farm = hourly(None).await;
    let first = farm.schedule_at(JOB, noon()).await;
    farm.clock.step(minutes(YEAR));
    let dispatching = farm.dispatch(hasty());
    farm.until_there_are(1, "run.followed").await;
    drop(dispatching);
    farm.clock.step(minutes(1));

    let farm = farm.reopened();
    let dispatching = farm.dispatch(hasty());
    settles(&farm, &dispatching).await;
    farm.until_there_are(1, "run.patched").await;
    assert_eq!(farm.run(first + 1).await.schedule_at, minutes(60));
}

/// A run that a user scheduled for next year stays.
#[tokio::test]
async fn a_run_that_a_user_scheduled_for_later_is_left_alone() {
    let farm = hourly(None).await;
    let (early, wanted) = (minutes(2 * YEAR), minutes(3 * YEAR));
    let run = farm.schedule_at(JOB, early).await;
    farm.clock.step(minutes(YEAR));
    let other = farm.schedule_at(JOB, wanted).await;
    let at_once = farm.schedule(JOB).await;
    farm.clock.step(noon());
    let dispatching = farm.dispatch(hasty());
    settles(&farm, &dispatching).await;
    farm.until_there_are(1, "run.patched").await;
    dispatching.rounds().await;
    let at = |run: u64| {
        let farm = &farm;
        async move { farm.run(run).await.schedule_at }
    };
    let at: [Timestamp; 2] = [at(run).await, at(other).await];
    assert_eq!(at, [early, wanted]);
    assert!(farm.run(at_once).await.schedule_at <= minutes(1));
}

/// A kill request of next year is sent now: it was due when it was made.
#[tokio::test]
async fn a_kill_request_that_was_made_while_the_clock_was_ahead_is_sent() {
    let farm = hourly(None).await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    farm.clock.step(minutes(YEAR));
    let number = farm
        .unit(|unit| async move { commands::runs::request_kill(&unit, run).await })
        .await;
    farm.clock.step(noon());
    let dispatching = farm.dispatch(hasty());
    let mut ears = Ears::of("w1", &dispatching).await;
    assert_eq!(ears.order().await, kill(number));
    // One that a person wants later is not.
    let later = kill_request::Patched {
        schedule_at: Some(minutes(60)),
        ..kill_request::Patched::nothing(noon())
    };
    let patch = KillRequestCommand::Patch {
        by: Caller::Trusted,
        patch: later,
    };
    farm.tell::<KillRequest>(&number.to_string(), patch).await;
    farm.run(run).await;
    let due = farm.views.of::<Runs>().unwrap().kills_due(farm.clock.now());
    assert!(due.is_empty(), "{due:?}");
}

/// Worker 1 executes a job every hour, or by `cron`.
async fn hourly(cron: Option<&str>) -> Farm {
    let farm = Farm::at_noon().await;
    farm.tell::<Worker>("2", WorkerCommand::Suspend { at: noon() })
        .await;
    farm.job(JOB, |job| match cron {
        None => (job.interval_count, job.interval_unit) = (Some(1), Some(IntervalUnit::Hour)),
        Some(cron) => job.cron = Some(cron.to_owned()),
    })
    .await;
    farm
}

/// The clock is left alone for as long as it takes to be believed.
async fn settles(farm: &Farm, dispatching: &Dispatching) {
    dispatching.rounds().await;
    farm.clock.advance(Duration::from_secs(10));
    dispatching.dispatcher.wake();
}
