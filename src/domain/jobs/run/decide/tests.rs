mod patches;
mod properties;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::jobs::run::{Claimed, Origin, PidReported, Reopened, Returned, Share, Started};
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use RunCommand as C;
use RunEvent as E;
use RunRejection as R;

#[test]
fn a_run_is_scheduled_once() {
    let run = given::<Run>([E::Scheduled(scheduled())]);
    run.when(C::Schedule(scheduled())).then_nothing();
    let other = Scheduled {
        job: 9,
        ..scheduled()
    };
    run.when(C::Schedule(other))
        .then_refuses(R::AlreadyScheduled);
    for command in [
        by(1, claim(1, 5)),
        C::Spread(spread()),
        C::Follow(followed(2)),
        C::GiveUp(given_up()),
        C::End(given_up()),
    ] {
        given::<Run>([]).when(command).then_refuses(R::Unknown);
    }
}

#[test]
fn a_run_that_returns_again_after_it_was_reopened_counts_again() {
    let over = [
        E::Scheduled(scheduled()),
        returned(Some(false)),
        E::Reopened(Reopened { at: at(90) }),
    ];
    given::<Run>(over)
        .when(by(1, end(Some(false))))
        .then([returned(Some(false))]);
}

#[test]
fn a_run_is_spread_once_and_is_then_no_more() {
    let waiting = vec![E::Scheduled(scheduled())];
    given::<Run>(waiting.clone())
        .when(C::Spread(spread()))
        .then([E::Spread(spread())]);
    let gone = given::<Run>(with(&waiting, [E::Spread(spread())]));
    gone.when(C::Spread(spread())).then_nothing();
    gone.when(C::Schedule(scheduled())).then_nothing();
    gone.when(by(1, claim(1, 5))).then_refuses(R::Gone);
    gone.when(C::GiveUp(given_up())).then_refuses(R::Gone);
    gone.when(C::End(given_up())).then_refuses(R::Gone);
    assert_eq!(folded(&with(&waiting, [E::Spread(spread())])).facts(), None);
    // The claim was faster.
    given::<Run>(with(&waiting, [claimed(1, 5, None)]))
        .when(C::Spread(spread()))
        .then_refuses(R::Claimed);
}

/// Two rounds of dispatching that do not see each other would otherwise give a job two next
/// occasions.
#[test]
fn a_run_is_followed_once() {
    let waiting = vec![E::Scheduled(scheduled())];
    let none = NotFollowed { at: at(90) };
    let run = given::<Run>(waiting.clone());
    run.when(C::Follow(followed(8)))
        .then([E::Followed(followed(8))]);
    run.when(C::GiveUpFollowing(none.clone()))
        .then([E::NotFollowed(none.clone())]);
    let run = given::<Run>(with(&waiting, [E::Followed(followed(8))]));
    run.when(C::Follow(followed(9))).then_nothing();
    run.when(C::GiveUpFollowing(none.clone())).then_nothing();
    // One mail is sent; and after the windows were moved, it continues.
    let run = given::<Run>(with(&waiting, [E::NotFollowed(none.clone())]));
    run.when(C::GiveUpFollowing(none)).then_nothing();
    run.when(C::Follow(followed(9)))
        .then([E::Followed(followed(9))]);
}

#[test]
fn a_run_of_a_silent_worker_fails_once() {
    let waiting = vec![E::Scheduled(scheduled())];
    given::<Run>(waiting.clone())
        .when(C::GiveUp(given_up()))
        .then([E::GivenUp(given_up())]);
    let past = with(&waiting, [claimed(1, 5, None), E::GivenUp(given_up())]);
    let facts = *folded(&past).facts().unwrap();
    let times = (facts.enqueued_at, facts.started_at, facts.returned_at);
    assert_eq!(times, (Some(at(5)), Some(at(95)), Some(at(95))));
    assert_eq!(facts.success, Some(false));
    let run = given::<Run>(past);
    run.when(C::GiveUp(given_up())).then_nothing();
    // The worker was not dead after all: its report is stored, and does not count again.
    run.when(by(1, end(Some(true))))
        .then([E::Patched(end(Some(true)))]);
    given::<Run>(with(&waiting, [returned(None)]))
        .when(C::GiveUp(given_up()))
        .then_nothing();
}

#[test]
fn a_person_ends_what_a_worker_has_once_and_nothing_that_waits() {
    let waiting = vec![E::Scheduled(scheduled())];
    let run = given::<Run>(waiting.clone());
    run.when(C::End(given_up())).then_refuses(R::Waiting);
    let past = with(&waiting, [claimed(1, 5, None)]);
    let run = given::<Run>(past.clone());
    run.when(C::End(given_up())).then([E::GivenUp(given_up())]);
    let run = given::<Run>(with(&past, [E::GivenUp(given_up())]));
    run.when(C::End(given_up())).then_nothing();
    for (past, expected) in [
        (vec![], Err(R::Unknown)),
        (waiting.clone(), Err(R::Waiting)),
        (past.clone(), Ok(())),
        (with(&past, [returned(Some(true))]), Err(R::Over)),
        (with(&waiting, [E::Spread(spread())]), Err(R::Gone)),
    ] {
        assert_eq!(folded(&past).check_with_worker(), expected, "{past:?}");
    }
}

/// Each start has its own timeout, and each timeout has one event.
#[test]
fn the_timeout_of_a_run_begins_when_we_receive_its_start() {
    let started = |second| {
        E::Started(Started {
            // By a clock that is days behind.
            started_at: at(second - 500_000),
            at: at(second),
        })
    };
    let since = |past: &[E]| folded(past).facts().unwrap().time_runs_since();
    let claimed = [E::Scheduled(scheduled()), claimed(1, 5, None)];
    assert_eq!(since(&claimed), None, "no worker executes it");
    let first = with(&claimed, [started(6)]);
    assert_eq!(since(&first), Some(at(6)));
    let data = TimedOut {
        kill_request: 4,
        ..timed_out()
    };
    given::<Run>(claimed).when(C::TimeOut(data)).then_nothing();
    given::<Run>(first.clone())
        .when(C::TimeOut(data))
        .then([E::TimedOut(data)]);

    let over_time = with(&first, [E::TimedOut(data)]);
    assert_eq!(since(&over_time), None, "that is known");
    let again = TimedOut {
        kill_request: 5,
        ..data
    };
    given::<Run>(over_time.clone())
        .when(C::TimeOut(again))
        .then_nothing();
    // Its worker died, and starts it again.
    let reset = with(&over_time, [E::Reset(Reset { at: at(90) })]);
    assert_eq!(since(&reset), None);
    assert_eq!(folded(&reset).facts().unwrap().timed_out, None);
    let second = with(&reset, [self::claimed(1, 95, Some(1)), started(96)]);
    assert_eq!(since(&second), Some(at(96)));
    given::<Run>(second.clone())
        .when(C::TimeOut(again))
        .then([E::TimedOut(again)]);

    let over = with(&second, [returned(Some(false))]);
    assert_eq!(since(&over), None);
    given::<Run>(over.clone())
        .when(C::TimeOut(again))
        .then_nothing();
    // A user reopens it. Its process is gone: the process that has its number now must not be
    // killed.
    let reopened = with(&over, [E::Reopened(Reopened { at: at(98) })]);
    assert_eq!(since(&reopened), None);
}

#[test]
fn a_run_that_is_over_is_tried_again_once() {
    let waiting = vec![E::Scheduled(scheduled())];
    given::<Run>(waiting.clone())
        .when(C::Retry(retried(8)))
        .then_refuses(R::NotOver);
    let over = with(&waiting, [returned(Some(false))]);
    given::<Run>(over.clone())
        .when(C::Retry(retried(8)))
        .then([E::Retried(retried(8))]);
    let again = with(&over, [E::Retried(retried(8))]);
    assert!(folded(&again).is_retried() && !folded(&over).is_retried());
    given::<Run>(again)
        .when(C::Retry(retried(9)))
        .then_nothing();
}

#[test]
fn a_requested_kill_is_remembered() {
    let waiting = vec![E::Scheduled(scheduled())];
    let data = |kill_request| KillRequested {
        kill_request,
        at: at(90),
    };
    given::<Run>(waiting.clone())
        .when(C::NoteKill(data(1)))
        .then([E::KillRequested(data(1))]);
    let wanted = with(&waiting, [E::KillRequested(data(1))]);
    given::<Run>(wanted.clone())
        .when(C::NoteKill(data(2)))
        .then_nothing();
    // Also when its worker died in between and it starts again.
    let wanted = with(&wanted, [E::Reset(Reset { at: at(91) })]);
    let attempt = folded(&wanted).attempt(Some(false));
    assert!(attempt.was_to_be_killed);
    assert!(!folded(&waiting).attempt(Some(false)).was_to_be_killed);
}

#[test]
fn an_attempt_knows_its_number_and_who_may_execute_it() {
    let of = |origin, worker| {
        folded(&[E::Scheduled(Scheduled {
            origin,
            worker,
            ..scheduled()
        })])
    };
    for (origin, number) in [
        (Origin::Asked, 1),
        (Origin::FollowUp { run: 3 }, 1),
        (Origin::Child { run: 3 }, 1),
        (Origin::Sibling { run: 3 }, 1),
        (Origin::Retry { run: 3, attempt: 4 }, 4),
    ] {
        let attempt = of(origin, None).attempt(None);
        assert_eq!(attempt.number, number, "{origin:?}");
    }
    // Another worker may execute it than the one that claimed it.
    let mut anyone = of(Origin::Asked, None);
    anyone.evolve(&claimed(5, 1, None));
    assert_eq!(anyone.only_worker(), None);
    assert_eq!(of(Origin::Asked, Some(5)).only_worker(), Some(5));
}

fn scheduled() -> Scheduled {
    Scheduled {
        number: 7,
        job: 1,
        schedule_id: 7,
        schedule_at: at(0),
        worker: None,
        is_manual: false,
        schedule_children: true,
        origin: Origin::FollowUp { run: 6 },
        at: at(0),
    }
}

fn nothing() -> Patched {
    Patched::nothing(at(90))
}

fn claim(worker: u64, second: i64) -> Patched {
    Patched {
        worker: Some(worker),
        enqueued_at: Some(Some(at(second))),
        ..nothing()
    }
}

fn reset() -> Patched {
    Patched {
        enqueued_at: Some(None),
        started_at: Some(None),
        ..nothing()
    }
}

fn end(success: Option<bool>) -> Patched {
    Patched {
        returned_at: Some(Some(at(7))),
        success: Some(success),
        ..nothing()
    }
}

fn by(worker: u64, patch: Patched) -> C {
    let by = Caller::Worker(worker);
    C::Patch { by, patch }
}

fn claimed(worker: u64, second: i64, taken_from: Option<u64>) -> E {
    E::Claimed(Claimed {
        worker,
        enqueued_at: at(second),
        taken_from,
        at: at(90),
    })
}

fn returned(success: Option<bool>) -> E {
    E::Returned(Returned {
        returned_at: at(7),
        success,
        at: at(90),
    })
}

fn spread() -> Spread {
    Spread {
        into: vec![Share { run: 8, worker: 1 }],
        at: at(90),
    }
}

fn followed(by: u64) -> Followed {
    Followed { by, at: at(90) }
}

fn retried(by: u64) -> Retried {
    Retried {
        by,
        attempt: 2,
        at: at(93),
    }
}

fn timed_out() -> TimedOut {
    TimedOut {
        limit_seconds: 60,
        kill_request: 3,
        at: at(92),
    }
}

fn given_up() -> GivenUp {
    GivenUp {
        reason: "worker does not respond to ping".to_owned(),
        at: at(95),
    }
}

fn with<const N: usize>(past: &[E], more: [E; N]) -> Vec<E> {
    past.iter().cloned().chain(more).collect()
}

fn folded(past: &[E]) -> Run {
    let mut run = Run::default();
    past.iter().for_each(|event| run.evolve(event));
    run
}
