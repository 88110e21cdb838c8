//! What follows when runs are over.

use domain::JobsEvent;
use domain::jobs::run_log::RunLogEvent;
use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn a_return_is_counted_and_schedules_the_children_that_are_enabled() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    let outcome = farm.change(run, over(5, Some(true))).await.unwrap();
    let names: Vec<&str> = outcome.events.iter().map(|event| event.event).collect();
    let expected = [
        "run.returned",
        "job.run_counted",
        "run.sibling_returned",
        "numbers.taken",
        "run.scheduled",
        "run.scheduled",
    ];
    assert_eq!(names, expected);
    assert_eq!(farm.children().await, [(2, run), (4, run)]);
    let child = farm.facts(run + 1).await;
    assert_eq!((child.schedule_at, child.is_manual), (later(5), false));
}

/// A worker that lost the answer repeats its report; a later report corrects the first. Neither has
/// consequences.
#[tokio::test]
async fn a_second_report_of_the_end_has_no_consequences() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    farm.change(run, over(5, Some(false))).await.unwrap();
    let again = farm.change(run, over(5, Some(false))).await.unwrap();
    assert!(again.is_empty());
    farm.change(run, over(6, Some(true))).await.unwrap();
    assert!(farm.give_up(run).await.unwrap().is_empty());
    assert_eq!(farm.counted().await, (1, 0));
    assert_eq!(farm.children().await, []);
}

#[tokio::test]
async fn a_run_that_was_reopened_returns_again() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    farm.change(run, over(5, Some(true))).await.unwrap();
    let reopened = Patched {
        returned_at: Some(None),
        ..Patched::nothing(later(6))
    };
    farm.change(run, reopened).await.unwrap();
    farm.change(run, over(7, Some(true))).await.unwrap();
    assert_eq!(farm.counted().await, (2, 0));
    assert_eq!(farm.children().await.len(), 4);
}

/// With a limit of 2 it is the third failure in a row.
#[tokio::test]
async fn a_job_that_fails_too_often_is_suspended() {
    let farm = Farm::new().await;
    for (success, suspended) in [
        (false, 0),
        (false, 0),
        (true, 0),
        (false, 0),
        (false, 0),
        (false, 1),
        (false, 1),
    ] {
        let run = farm.schedule(&plan(PARENT)).await.unwrap();
        let second = run.try_into().unwrap();
        farm.change(run, over(second, Some(success))).await.unwrap();
        assert_eq!(farm.counted().await.1, suspended, "run {run}");
    }
}

/// The log comes first, so that readers of the failure's mail find it.
#[tokio::test]
async fn a_run_that_a_person_ends_fails_once_and_says_why() {
    let farm = Farm::new().await;
    for (reason, given_up, text) in [
        (None, "ended by hand", "Run 1 was ended by hand.\n"),
        (
            Some("it hangs"),
            "it hangs",
            "Run 2 was ended by hand: it hangs.\n",
        ),
    ] {
        let run = farm.schedule(&plan(PARENT)).await.unwrap();
        let waiting = RunsRejection::Run(RunRejection::Waiting);
        let refused = farm.end(run, reason).await;
        assert_eq!(refused.unwrap_err(), CommandError::Rejected(waiting));
        farm.change(run, claim()).await.unwrap();
        let (was_open, outcome) = farm.end(run, reason).await.unwrap();
        let names: Vec<&str> = outcome.events.iter().map(|event| event.event).collect();
        assert!(
            was_open && names[1..3] == ["run_log.written", "run.given_up"],
            "{names:?}"
        );
        let (was_open, outcome) = farm.end(run, reason).await.unwrap();
        assert!(!was_open && outcome.is_empty());
        let said = farm
            .events()
            .await
            .into_iter()
            .rev()
            .find_map(|event| match event {
                Event::Jobs(JobsEvent::Run(RunEvent::GivenUp(data))) => Some(data.reason),
                _ => None,
            });
        assert_eq!(said.as_deref(), Some(given_up));
        let said = farm
            .events()
            .await
            .into_iter()
            .rev()
            .find_map(|event| match event {
                Event::Jobs(JobsEvent::RunLog(RunLogEvent::Written(data))) => data.content,
                _ => None,
            });
        assert_eq!(said, Some(LongText::Inline(text.to_owned())));
    }
    assert_eq!(farm.counted().await, (2, 0));
}

#[tokio::test]
async fn what_a_run_printed_before_a_person_ended_it_stays() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    farm.change(run, claim()).await.unwrap();
    farm.write_log(run, "half of it").await.unwrap();
    farm.end(run, Some("it hangs")).await.unwrap();
    let events = farm.events().await;
    let logs = events
        .iter()
        .filter(|event| matches!(event, Event::Jobs(JobsEvent::RunLog(_))));
    assert_eq!(logs.count(), 1);
}

/// A run is added to the occasion of another: whichever returns first, children wait for both.
#[tokio::test]
async fn an_occasion_counts_on_runs_that_join_it() {
    for order in [[0, 1], [1, 0]] {
        let farm = Farm::new().await;
        let first = farm.schedule(&plan(PARENT)).await.unwrap();
        let schedule_id = Some(first);
        let joining = Plan {
            schedule_id,
            ..plan(PARENT)
        };
        let runs = [first, farm.schedule(&joining).await.unwrap()];
        farm.change(runs[order[0]], over(1, Some(true)))
            .await
            .unwrap();
        assert_eq!(farm.children().await, []);
        farm.change(runs[order[1]], over(2, Some(true)))
            .await
            .unwrap();
        assert_eq!(farm.children().await.len(), 2);
    }
}

/// A run that was scheduled on its own is put into the occasion of another by a patch, and is
/// waited for from then on.
#[tokio::test]
async fn an_occasion_counts_on_a_run_that_joins_it_later() {
    let farm = Farm::new().await;
    let first = farm.schedule(&plan(PARENT)).await.unwrap();
    let second = farm.schedule(&plan(PARENT)).await.unwrap();
    let joining = Patched {
        schedule_id: Some(first),
        ..Patched::nothing(noon())
    };
    farm.change(second, joining.clone()).await.unwrap();
    assert!(farm.change(second, joining).await.unwrap().is_empty());
    farm.change(first, over(1, Some(true))).await.unwrap();
    assert_eq!(farm.children().await, []);
    farm.change(second, over(2, Some(true))).await.unwrap();
    assert_eq!(farm.children().await.len(), 2);
}

/// The last sibling schedules the children, and only one can be last; with a log that lets others
/// in between any two steps, and with a repeated report and a given-up run for each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn siblings_that_return_at_the_same_time_schedule_children_once() {
    for _ in 0..20 {
        let farm = Arc::new(Farm::new().await);
        let run = farm.schedule(&plan(PARENT)).await.unwrap();
        let shares = farm.spread(run, &[7, 8, 9]).await.unwrap();
        let mut tasks = JoinSet::new();
        for (share, second) in shares.iter().flat_map(|share| [(*share, 1), (*share, 2)]) {
            let farm = Arc::clone(&farm);
            tasks.spawn(async move {
                farm.change(share.run, over(second, Some(true)))
                    .await
                    .unwrap();
            });
        }
        tasks.join_all().await;
        assert_eq!(farm.counted().await, (3, 0));
        assert_eq!(farm.children().await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_returns_while_it_is_given_up_ends_once() {
    for _ in 0..20 {
        let farm = Arc::new(Farm::new().await);
        let run = farm.schedule(&plan(PARENT)).await.unwrap();
        let other = Arc::clone(&farm);
        let impatient = tokio::spawn(async move { other.give_up(run).await });
        farm.change(run, over(1, Some(true))).await.unwrap();
        impatient.await.unwrap().unwrap();
        assert_eq!(farm.counted().await, (1, 0));
        let events = farm.events().await;
        let ends = |event: &&Event| matches!(event, Event::Jobs(JobsEvent::Run(event)) if event.outcome().is_some());
        assert_eq!(events.iter().filter(ends).count(), 1);
    }
}

#[tokio::test]
async fn another_workers_report_about_a_run_changes_nothing() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    let share = farm.spread(run, &[7]).await.unwrap()[0];
    let work = |unit: Transaction| async move {
        let patch = over(1, Some(true));
        change(&unit, share.run, Caller::Worker(8), patch, &children_of).await
    };
    let refused = farm.commands.transact(&anonymous(), work).await;
    let rejection = RunRejection::OtherWorker { worker: 7 }.into();
    assert_eq!(refused.unwrap_err(), CommandError::Rejected(rejection));
    assert_eq!(farm.counted().await, (0, 0));
}
