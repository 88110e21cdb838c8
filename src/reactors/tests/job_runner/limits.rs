//! Runs that take longer than their jobs allow.

use std::time::Duration;

use domain::jobs::job::{Edited, Job, JobCommand};
use domain::jobs::kill_request::{self, KillRequest, KillRequestCommand};
use domain::jobs::run::Caller;
use reactors::dispatcher::DispatcherConfig;

use crate::ears::{Ears, kill};
use crate::farm::{Farm, JOB, hasty, minutes, noon};

#[tokio::test]
async fn an_overdue_run_is_killed_once_and_ends_by_its_workers_report() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| job.run_timeout_seconds = Some(120))
        .await;
    farm.job(JOB + 1, |_| ()).await;
    let (run, unlimited) = (farm.schedule(JOB).await, farm.schedule(JOB + 1).await);
    farm.starts(1, run).await;
    farm.starts(2, unlimited).await;
    let dispatching = farm.dispatch(hasty());
    let mut ears = Ears::of("w1", &dispatching).await;
    dispatching.rounds().await;
    farm.clock.set(minutes(1));
    dispatching.dispatcher.wake();
    dispatching.rounds().await;
    assert_eq!(farm.count("run.timed_out").await, 0);

    farm.clock.set(minutes(2));
    dispatching.dispatcher.wake();
    for _ in 0..3 {
        assert_eq!(ears.order().await, kill(1));
    }
    let noted = KillRequestCommand::Patch {
        by: Caller::Worker(1),
        patch: kill_request::Patched {
            enqueued_at: Some(Some(noon())),
            ..kill_request::Patched::nothing(noon())
        },
    };
    farm.tell::<KillRequest>("1", noted).await;
    farm.clock.set(minutes(60));
    farm.returns(1, run, false).await;
    let row = farm.run(run).await;
    assert_eq!((row.success, row.kill_requests), (Some(false), 1));
    assert_eq!(row.timed_out.map(|data| data.limit_seconds), Some(120));
    assert_eq!(farm.count("run.timed_out").await, 1);
    assert_eq!(farm.count("kill_request.requested").await, 1);
    let recorded = farm.recorded().await;
    let data = recorded
        .iter()
        .find(|event| event.event_type.as_str() == "run.timed_out");
    let (_, metadata) = projections::engine::history::decode(data.unwrap()).unwrap();
    assert_eq!(metadata.actor.unwrap().id, "dispatcher");
    let reading = dispatching.dispatcher.stats();
    assert_eq!((reading.timed_out, reading.rounds_failed), (1, 0));
}

/// The current timeout of a job counts: a forgotten timeout can be set while the run is executed.
#[tokio::test]
async fn a_limit_that_is_set_later_counts_from_the_start() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    let dispatching = farm.dispatch(hasty());
    let mut ears = Ears::of("w1", &dispatching).await;
    dispatching.rounds().await;
    farm.clock.set(minutes(10));
    let limit = Edited {
        run_timeout_seconds: Some(Some(600)),
        ..Edited::nothing(minutes(10))
    };
    farm.tell::<Job>("1", JobCommand::Edit(limit)).await;
    assert_eq!(ears.order().await, kill(1));
}

/// The clock was set two hours forward, and a run of six seconds with a limit of an hour was
/// killed.
#[tokio::test]
async fn a_step_of_the_clock_kills_nothing() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| job.run_timeout_seconds = Some(3600))
        .await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    let dispatching = farm.dispatch(hasty());
    dispatching.rounds().await;
    for minute in [120, -120, 365 * 24 * 60, 0] {
        farm.clock.step(minutes(minute));
        dispatching.rounds().await;
        assert_eq!(farm.count("run.timed_out").await, 0, "minute {minute}");
    }
    // Nor does one that goes back save it.
    farm.clock.step(minutes(-600));
    farm.clock.advance(Duration::from_secs(3600));
    farm.until_there_are(1, "run.timed_out").await;
}

/// A restart neither forgets for how long a run has been executed nor takes it from the clock on
/// the wall.
#[tokio::test]
async fn a_limit_goes_on_across_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = || DispatcherConfig {
        run_times: Some(dir.path().join("run-times.json")),
        ..hasty()
    };
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| job.run_timeout_seconds = Some(3600))
        .await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    let dispatching = farm.dispatch(config());
    dispatching.rounds().await;
    farm.clock.advance(Duration::from_secs(1800));
    dispatching.dispatcher.stop().await;

    let farm = farm.reopened();
    farm.clock.step(minutes(24 * 60));
    let dispatching = farm.dispatch(config());
    dispatching.rounds().await;
    farm.clock.advance(Duration::from_secs(1500));
    dispatching.rounds().await;
    assert_eq!(farm.count("run.timed_out").await, 0);
    farm.clock.advance(Duration::from_secs(300));
    farm.until_there_are(1, "run.timed_out").await;
}
