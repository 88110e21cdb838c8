//! Workers that do not answer.

use domain::JobsEvent;
use std::time::Duration;

use commands::runs;
use domain::Event;
use domain::LongText;
use domain::jobs::run_log::RunLogEvent;
use domain::jobs::worker::{Worker, WorkerCommand};
use domain::jobs::worker_pool::{WorkerPool, WorkerPoolCommand};
use reactors::health::{Health, HealthConfig};
use tokio_util::sync::CancellationToken;

use crate::farm::{Farm, JOB, minutes, noon};

fn check(farm: &Farm) -> Health {
    let config = HealthConfig {
        every: Duration::from_secs(3600),
        ..HealthConfig::default()
    };
    let (commands, views) = (farm.commands.clone(), farm.views.clone());
    let liveness = farm.liveness.clone();
    Health::start(commands, views, liveness, config, CancellationToken::new())
}

/// Checks again, and returns when that is done.
async fn look(health: &Health) {
    let before = health.stats().checks;
    health.wake();
    while health.stats().checks == before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_runs_of_a_silent_worker_are_given_up_with_the_reason_in_their_logs() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    farm.job(2, |_| ()).await;
    let (mine, other) = (farm.schedule(JOB).await, farm.schedule(2).await);
    farm.starts(1, mine).await;
    farm.starts(2, other).await;
    let health = check(&farm);
    farm.pings_go_unanswered(2, minutes(15));
    look(&health).await;
    farm.pings_go_unanswered(1, minutes(16));
    farm.answers(2).await;
    look(&health).await;
    farm.until_there_are(1, "run.given_up").await;

    let run = farm.run(mine).await;
    assert_eq!(
        (run.success, run.returned_at),
        (Some(false), Some(minutes(16)))
    );
    assert_eq!(farm.run(other).await.returned_at, None);
    let written = farm.events(&["run_log.written"]).await;
    let [Event::Jobs(JobsEvent::RunLog(RunLogEvent::Written(log)))] = &written[..] else {
        panic!("one log is written: {written:?}");
    };
    let Some(LongText::Inline(text)) = &log.content else {
        panic!("it is short");
    };
    assert!(
        text.contains("Run 1") && text.contains("worker does not respond to ping"),
        "{text}"
    );
    let recorded = farm.recorded().await;
    let position = |name: &str| {
        let of = |event: &&eventlog::Recorded| event.event_type.as_str() == name;
        recorded.iter().find(of).unwrap().position
    };
    assert!(position("run_log.written") < position("run.given_up"));

    look(&health).await;
    look(&health).await;
    assert_eq!(farm.count("run.given_up").await, 1);
    assert_eq!(farm.count("job.run_counted").await, 1);
}

/// The previous output of the run is replaced: its log gives the reason of the failure.
#[tokio::test]
async fn a_log_that_was_there_is_overwritten_when_its_run_is_given_up() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    let half = &LongText::Inline("half of it".to_owned());
    farm.unit(|unit| async move { runs::write_log(&unit, run, Some(half.clone())).await })
        .await;
    let health = check(&farm);
    farm.pings_go_unanswered(3, minutes(16));
    look(&health).await;
    farm.until_there_are(1, "run.given_up").await;
    let replaced = farm.events(&["run_log.replaced"]).await;
    let [Event::Jobs(JobsEvent::RunLog(RunLogEvent::Replaced(log)))] = &replaced[..] else {
        panic!("it is replaced once: {replaced:?}");
    };
    let Some(LongText::Inline(text)) = &log.content else {
        panic!("it is short");
    };
    assert!(text.contains("worker does not respond to ping"), "{text}");
}

/// Section 13 of the contract: a worker that gets no work may be silent.
#[tokio::test]
async fn the_runs_of_a_suspended_worker_are_left_alone() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    farm.tell::<Worker>("1", WorkerCommand::Suspend { at: noon() })
        .await;
    let health = check(&farm);
    farm.pings_go_unanswered(3, minutes(16));
    look(&health).await;
    assert_eq!(farm.run(run).await.returned_at, None);
    farm.tell::<Worker>("1", WorkerCommand::Resume { at: noon() })
        .await;
    look(&health).await;
    assert_eq!(farm.run(run).await.success, Some(false));
}

#[tokio::test]
async fn a_suspended_pool_does_not_fall_silent() {
    let farm = Farm::at_noon().await;
    farm.tell::<WorkerPool>("1", WorkerPoolCommand::Suspend { at: noon() })
        .await;
    let health = check(&farm);
    farm.pings_go_unanswered(3, minutes(16));
    look(&health).await;
    assert_eq!(farm.count("worker_pool.fell_silent").await, 0);
    farm.tell::<WorkerPool>("1", WorkerPoolCommand::Resume { at: noon() })
        .await;
    look(&health).await;
    assert_eq!(farm.count("worker_pool.fell_silent").await, 1);
}

#[tokio::test]
async fn a_run_that_a_silent_worker_was_only_to_execute_is_given_up_as_well() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let run = farm.schedule(JOB).await;
    farm.unit(|unit| async move { runs::spread(&unit, run, &[1]).await })
        .await;
    let health = check(&farm);
    farm.pings_go_unanswered(3, minutes(16));
    look(&health).await;
    farm.until_there_are(1, "run.given_up").await;
    let run = farm.run(run + 1).await;
    assert_eq!(run.enqueued_at, Some(minutes(16)));
    assert_eq!(run.started_at, Some(minutes(16)));
}

#[tokio::test]
async fn a_pool_falls_silent_once_and_people_are_reminded() {
    let farm = Farm::at_noon().await;
    let health = check(&farm);
    farm.pings_go_unanswered(3, minutes(16));
    farm.answers(2).await;
    look(&health).await;
    farm.pings_go_unanswered(3, minutes(32));
    look(&health).await;
    farm.until_there_are(1, "worker_pool.fell_silent").await;
    farm.pings_go_unanswered(3, minutes(80));
    look(&health).await;
    farm.pings_go_unanswered(3, minutes(92));
    look(&health).await;
    farm.until_there_are(1, "worker_pool.stayed_silent").await;
    farm.answers(1).await;
    look(&health).await;
    farm.until_there_are(1, "worker_pool.answered").await;
    for (event_type, count) in [
        ("worker_pool.fell_silent", 1),
        ("worker_pool.stayed_silent", 1),
    ] {
        assert_eq!(farm.count(event_type).await, count, "{event_type}");
    }
    // A pool without active workers is not silent.
    for worker in ["1", "2"] {
        farm.tell::<Worker>(worker, WorkerCommand::Suspend { at: noon() })
            .await;
    }
    farm.pings_go_unanswered(3, minutes(200));
    look(&health).await;
    look(&health).await;
    assert_eq!(farm.count("worker_pool.fell_silent").await, 1);
}

/// The clock was set two hours forward, and workers that had answered every ping lost their runs.
#[tokio::test]
async fn a_step_of_the_clock_gives_no_worker_up() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    let health = check(&farm);
    for hours in [2, -2, 24 * 365, 0] {
        // As many as may be: only the margin for the last answer keeps it from being given up.
        farm.pings_go_unanswered(3, farm.clock.now());
        farm.clock.step(minutes(60 * hours));
        look(&health).await;
        farm.answers(1).await;
    }
    assert_eq!(farm.run(run).await.returned_at, None);
    assert_eq!(farm.count("worker_pool.fell_silent").await, 0);
}

/// A worker that has connected since the last pings has not been pinged: a run that it has claimed
/// meanwhile is alive, and so is a worker that reports on its run.
#[tokio::test]
async fn a_live_run_of_a_worker_that_was_never_pinged_is_left_alone() {
    let farm = Farm::at_noon().await;
    farm.register(3).await;
    farm.job(JOB, |_| ()).await;
    let run = farm.schedule(JOB).await;
    farm.starts(3, run).await;
    let health = check(&farm);
    look(&health).await;
    farm.pings_go_unanswered(2, minutes(10));
    farm.starts(3, run).await;
    farm.pings_go_unanswered(2, minutes(20));
    look(&health).await;
    assert_eq!(farm.run(run).await.returned_at, None);
    farm.pings_go_unanswered(1, minutes(21));
    look(&health).await;
    assert_eq!(farm.run(run).await.success, Some(false));
}
