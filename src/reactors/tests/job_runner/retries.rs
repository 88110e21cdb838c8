//! Runs that failed and are tried again.

use domain::jobs::schedule::IntervalUnit;
use domain::jobs::worker::{Worker, WorkerCommand};
use projections::Runs;

use crate::ears::{Ears, enqueue};
use crate::farm::{Farm, JOB, hasty, minutes, noon};

/// Another attempt that waits, and one that is sent, leave the rhythm of its job alone: every
/// occasion is followed, and none twice.
#[tokio::test]
async fn attempts_neither_stop_nor_double_the_occasions_of_their_job() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| {
        (job.interval_count, job.interval_unit) = (Some(1), Some(IntervalUnit::Hour));
        (job.retries, job.retry_delay_seconds) = (Some(1), Some(2 * 60 * 60));
    })
    .await;
    farm.tell::<Worker>("2", WorkerCommand::Suspend { at: noon() })
        .await;
    let first = farm.schedule(JOB).await;
    let dispatching = farm.dispatch(hasty());
    let mut ears = Ears::of("w1", &dispatching).await;
    while ears.order().await != enqueue(first) {}
    farm.clock.set(minutes(10));
    farm.starts(1, first).await;
    farm.returns(1, first, false).await;
    let (second, again) = (first + 1, first + 2);
    let waiting = farm.run(again).await;
    assert_eq!(
        (waiting.schedule_at, waiting.is_retry()),
        (minutes(130), true)
    );
    assert_eq!(waiting.schedule_id, first);

    let (third, fourth) = (again + 1, again + 2);
    for (run, minute) in [(second, 60), (third, 120), (again, 130), (fourth, 180)] {
        farm.clock.set(minutes(minute));
        dispatching.dispatcher.wake();
        while ears.order().await != enqueue(run) {}
        farm.starts(1, run).await;
        farm.returns(1, run, true).await;
        assert_eq!(farm.run(run).await.returned_at, Some(minutes(minute)));
    }
    for (run, minute) in [(second, 60), (third, 120), (fourth, 180)] {
        assert_eq!(farm.run(run).await.schedule_at, minutes(minute));
    }
    assert_eq!(farm.count("run.followed").await, 4);
    let completed = farm.views.of::<Runs>().unwrap().last_completed(JOB);
    assert_eq!(completed, Some(fourth));
}
