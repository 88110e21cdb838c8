//! Runs that failed and are tried again.

use super::*;

/// A job that tries again twice, half a minute later.
fn twice() -> Edited {
    Edited {
        retries: Some(Some(2)),
        retry_delay_seconds: Some(Some(30)),
        ..Edited::nothing(noon())
    }
}

async fn farm() -> Farm {
    let farm = Farm::new().await;
    farm.ask(PARENT, twice()).await;
    farm
}

#[tokio::test]
async fn a_run_that_failed_is_tried_again_later_and_nothing_else_follows() {
    let farm = farm().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    let outcome = farm.change(run, over(5, Some(false))).await.unwrap();
    let names: Vec<&str> = outcome.events.iter().map(|event| event.event).collect();
    let expected = [
        "run.returned",
        "numbers.taken",
        "run.scheduled",
        "run.retried",
        "run.sibling_replaced",
    ];
    assert_eq!(names, expected);
    let again = farm.facts(run + 1).await;
    assert_eq!((again.schedule_at, again.schedule_id), (later(35), run));
    assert_eq!((again.worker, again.is_manual), (None, false));
    assert_eq!(farm.attempts().await, [(run, 2)]);
    assert_eq!(farm.counted().await, (0, 0));

    // A worker that lost the answer repeats its report; a later report corrects the first.
    for second in [5, 6] {
        farm.change(run, over(second, Some(false))).await.unwrap();
    }
    assert!(farm.give_up(run).await.unwrap().is_empty());
    assert_eq!(farm.attempts().await, [(run, 2)]);
}

#[tokio::test]
async fn what_follows_from_an_occasion_follows_from_its_last_attempt() {
    let farm = farm().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    farm.change(run, over(5, Some(false))).await.unwrap();
    farm.change(run + 1, over(40, Some(true))).await.unwrap();
    assert_eq!(farm.counted().await, (1, 0));
    assert_eq!(farm.children().await, [(2, run + 1), (4, run + 1)]);

    // Three occasions of which no attempt goes well: the job bears two.
    let farm = self::farm().await;
    for _ in 0..3 {
        let mut run = farm.schedule(&plan(PARENT)).await.unwrap();
        for _ in 0..3 {
            assert_eq!(farm.counted().await.1, 0);
            farm.change(run, over(5, Some(false))).await.unwrap();
            run += 1;
        }
    }
    assert_eq!(farm.attempts().await.len(), 6);
    assert_eq!(farm.counted().await, (3, 1));
    assert_eq!(farm.children().await, []);
}

#[tokio::test]
async fn a_killed_or_ended_run_is_not_tried_again() {
    let farm = farm().await;
    let by_hand = Plan {
        is_manual: true,
        ..plan(PARENT)
    };
    let by_hand = farm.schedule(&by_hand).await.unwrap();
    let killed = farm.schedule(&plan(PARENT)).await.unwrap();
    let kill = |unit: Transaction| async move { request_kill(&unit, killed).await };
    farm.commands.transact(&anonymous(), kill).await.unwrap();
    let ended = farm.schedule(&plan(PARENT)).await.unwrap();
    farm.change(ended, claim()).await.unwrap();
    farm.end(ended, None).await.unwrap();
    let unknown = farm.schedule(&plan(PARENT)).await.unwrap();
    for (run, success) in [
        (by_hand, Some(false)),
        (killed, Some(false)),
        (unknown, None),
    ] {
        farm.change(run, over(5, success)).await.unwrap();
    }
    assert_eq!(farm.attempts().await, []);
    assert_eq!(farm.counted().await.0, 4);
}

#[tokio::test]
async fn a_run_that_took_too_long_or_whose_worker_is_silent_is_tried_again() {
    let farm = farm().await;
    let slow = farm.schedule(&plan(PARENT)).await.unwrap();
    let start = Patched {
        worker: Some(7),
        enqueued_at: Some(Some(later(-60))),
        started_at: Some(Some(later(-60))),
        ..Patched::nothing(later(-60))
    };
    farm.change(slow, start).await.unwrap();
    assert!(farm.time_out(slow, -60, 60).await.0.is_some());
    farm.change(slow, over(5, Some(false))).await.unwrap();
    let silent = farm.schedule(&plan(PARENT)).await.unwrap();
    farm.give_up(silent).await.unwrap();
    assert_eq!(farm.attempts().await, [(slow, 2), (silent, 2)]);
}

#[tokio::test]
async fn one_of_many_workers_tries_again_and_the_others_wait_for_it_alone() {
    let farm = farm().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    let shares = farm.spread(run, &[7, 8]).await.unwrap();
    let (first, second) = (shares[0].run, shares[1].run);
    farm.change(first, over(5, Some(false))).await.unwrap();
    let again = farm.facts(second + 1).await;
    assert_eq!((again.worker, again.schedule_id), (Some(7), run));
    farm.change(second, over(6, Some(true))).await.unwrap();
    assert_eq!(farm.children().await, [], "one is not over");
    let last = second + 1;
    farm.change(last, over(40, Some(true))).await.unwrap();
    assert_eq!(farm.children().await, [(2, last), (4, last)]);
    assert_eq!(farm.counted().await, (2, 0));
}

/// A job that each worker is to execute only since its run failed.
#[tokio::test]
async fn an_attempt_that_is_spread_is_not_waited_for() {
    let farm = farm().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    farm.change(run, over(5, Some(false))).await.unwrap();
    let shares = farm.spread(run + 1, &[7, 8]).await.unwrap();
    for share in &shares {
        farm.change(share.run, over(6, Some(true))).await.unwrap();
    }
    let last = shares[1].run;
    assert_eq!(farm.children().await, [(2, last), (4, last)]);
}

#[tokio::test]
async fn a_run_that_was_tried_again_has_no_say_any_more() {
    let farm = farm().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    farm.change(run, over(5, Some(false))).await.unwrap();
    let reopened = Patched {
        returned_at: Some(None),
        ..Patched::nothing(later(6))
    };
    farm.change(run, reopened).await.unwrap();
    farm.change(run, over(7, Some(true))).await.unwrap();
    assert_eq!(farm.counted().await, (0, 0));
    assert_eq!(farm.children().await, []);
    farm.change(run + 1, over(40, Some(true))).await.unwrap();
    assert_eq!(farm.counted().await, (1, 0));
    assert_eq!(farm.children().await.len(), 2);
}

impl Farm {
    /// The runs that were retried, each with its attempt number.
    async fn attempts(&self) -> Vec<(u64, u32)> {
        let attempt = |event| match event {
            Event::Jobs(JobsEvent::Run(RunEvent::Scheduled(data))) => match data.origin {
                Origin::Retry { run, attempt } => Some((run, attempt)),
                _ => None,
            },
            _ => None,
        };
        self.events()
            .await
            .into_iter()
            .filter_map(attempt)
            .collect()
    }
}
