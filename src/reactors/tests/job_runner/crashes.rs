//! Killed between any two steps and started again over the same log: nothing lost, and nothing
//! twice.

use domain::jobs::schedule::IntervalUnit;
use reactors::dispatcher::DispatcherConfig;

use crate::ears::{Ears, enqueue, kill};
use crate::farm::{Farm, JOB, hasty, minutes};
use crate::halted::Halted;

#[tokio::test]
async fn a_kill_between_any_two_steps_of_a_round_loses_and_doubles_nothing() {
    for step in ["followed", "spread", "sent"] {
        let farm = Farm::at_noon().await;
        farm.job(JOB, |job| {
            (job.interval_count, job.interval_unit) = (Some(1), Some(IntervalUnit::Day));
            job.run_on_all_workers = true;
        })
        .await;
        let run = farm.schedule(JOB).await;
        killed_at(&farm, step).await;

        let farm = farm.reopened();
        let dispatching = farm.dispatch(hasty());
        // The run and its next occasion are 1 and 2.
        let (mut first, mut second) = (
            Ears::of("w1", &dispatching).await,
            Ears::of("w2", &dispatching).await,
        );
        assert_eq!(first.order().await, enqueue(run + 2), "{step}");
        assert_eq!(second.order().await, enqueue(run + 3), "{step}");
        for (worker, run) in [(1, run + 2), (2, run + 3)] {
            farm.starts(worker, run).await;
            farm.returns(worker, run, true).await;
        }
        let counts = [
            farm.count("run.followed").await,
            farm.count("run.spread").await,
            farm.count("run.scheduled").await,
        ];
        assert_eq!(counts, [1, 1, 4], "{step}");
        let next = farm.run(run + 1).await;
        assert_eq!(next.schedule_at, minutes(24 * 60), "{step}");
    }
}

#[tokio::test]
async fn an_overdue_run_gets_one_kill_request_whichever_process_dies() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| job.run_timeout_seconds = Some(60))
        .await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    let (halted, faults) = Halted::once_armed("timed_out");
    let dispatching = farm.dispatch(DispatcherConfig { faults, ..hasty() });
    while dispatching.dispatcher.stats().rounds < 1 {
        tokio::task::yield_now().await;
    }
    farm.clock.set(minutes(1));
    halted.arm();
    halted.reached().await;
    drop(dispatching);

    let farm = farm.reopened();
    let dispatching = farm.dispatch(hasty());
    let mut ears = Ears::of("w1", &dispatching).await;
    for _ in 0..3 {
        assert_eq!(ears.order().await, kill(1));
    }
    let counts = [
        farm.count("run.timed_out").await,
        farm.count("kill_request.requested").await,
    ];
    assert_eq!(counts, [1, 1]);
}

/// Starts a dispatcher that halts at a step, and drops it there, as if the process had died.
async fn killed_at(farm: &Farm, step: &'static str) {
    let (halted, faults) = Halted::at(step);
    let dispatching = farm.dispatch(DispatcherConfig { faults, ..hasty() });
    halted.reached().await;
    drop(dispatching);
}
