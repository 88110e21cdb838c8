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

/// One case per patch of clients, on a run that is (waiting, claimed, started, over).
#[test]
fn a_patch_becomes_the_event_that_it_means() {
    let waiting = vec![E::Scheduled(scheduled())];
    let claimed = with(&waiting, [claimed(1, 5, None)]);
    let started = with(
        &claimed,
        [E::Started(Started {
            started_at: at(6),
            at: at(90),
        })],
    );
    let over = with(&started, [returned(Some(false))]);
    let data = Patched {
        success: Some(Some(true)),
        ..nothing()
    };
    let data = with(&started, [E::Patched(data)]);
    let restart = Patched {
        started_at: Some(Some(at(8))),
        ..nothing()
    };
    for (past, patch, expected) in [
        (&waiting, claim(1, 5), vec![self::claimed(1, 5, None)]),
        (
            &claimed,
            Patched {
                started_at: Some(Some(at(6))),
                ..nothing()
            },
            vec![E::Started(Started {
                started_at: at(6),
                at: at(90),
            })],
        ),
        (
            &started,
            Patched {
                pid: Some(Some(4242)),
                ..nothing()
            },
            vec![E::PidReported(PidReported {
                pid: 4242,
                at: at(90),
            })],
        ),
        (&started, end(Some(false)), vec![returned(Some(false))]),
        (
            &started,
            Patched {
                success: None,
                ..end(None)
            },
            vec![returned(None)],
        ),
        (&claimed, reset(), vec![E::Reset(Reset { at: at(90) })]),
        (&started, reset(), vec![E::Reset(Reset { at: at(90) })]),
        (
            &claimed,
            Patched {
                enqueued_at: Some(None),
                ..nothing()
            },
            vec![E::Reset(Reset { at: at(90) })],
        ),
        (
            &over,
            Patched {
                returned_at: Some(None),
                ..nothing()
            },
            vec![E::Reopened(Reopened { at: at(90) })],
        ),
        // All at once: the run's life in its order.
        (
            &waiting,
            Patched {
                started_at: Some(Some(at(6))),
                pid: Some(Some(1)),
                returned_at: Some(Some(at(7))),
                success: Some(Some(true)),
                ..claim(1, 5)
            },
            vec![
                self::claimed(1, 5, None),
                E::Started(Started {
                    started_at: at(6),
                    at: at(90),
                }),
                E::PidReported(PidReported { pid: 1, at: at(90) }),
                returned(Some(true)),
            ],
        ),
        // How it went may be known before its end.
        (
            &data,
            Patched {
                success: None,
                ..end(None)
            },
            vec![returned(Some(true))],
        ),
        // What means nothing in particular stays a patch, and what is known already is left out of
        // it.
        (
            &over,
            Patched {
                returned_at: Some(Some(at(8))),
                ..nothing()
            },
            vec![E::Patched(Patched {
                returned_at: Some(Some(at(8))),
                ..nothing()
            })],
        ),
        (
            &over,
            Patched {
                success: Some(Some(true)),
                ..end(None)
            },
            vec![E::Patched(Patched {
                success: Some(Some(true)),
                ..nothing()
            })],
        ),
        (
            &started,
            Patched {
                pid: Some(None),
                enqueued_at: Some(Some(at(9))),
                started_at: Some(Some(at(6))),
                ..nothing()
            },
            vec![E::Patched(Patched {
                enqueued_at: Some(Some(at(9))),
                ..nothing()
            })],
        ),
        (
            &started,
            Patched {
                enqueued_at: Some(None),
                ..nothing()
            },
            vec![E::Patched(Patched {
                enqueued_at: Some(None),
                ..nothing()
            })],
        ),
        (
            &waiting,
            Patched {
                worker: Some(1),
                ..nothing()
            },
            vec![E::Patched(Patched {
                worker: Some(1),
                ..nothing()
            })],
        ),
        (
            &waiting,
            Patched {
                enqueued_at: Some(Some(at(5))),
                ..nothing()
            },
            vec![E::Patched(Patched {
                enqueued_at: Some(Some(at(5))),
                ..nothing()
            })],
        ),
        (&started, restart.clone(), vec![E::Patched(restart)]),
        // Nothing follows from what is known, and from nothing.
        (&claimed, claim(1, 5), vec![]),
        (&waiting, reset(), vec![]),
        (&over, end(Some(false)), vec![]),
        (&over, nothing(), vec![]),
    ] {
        let row = format!("{patch:?}");
        let decided = folded(past).decide(by(1, patch));
        assert_eq!(decided, Ok(expected), "{row}");
    }
}

#[test]
fn a_worker_changes_only_its_own_runs() {
    let waiting = vec![E::Scheduled(scheduled())];
    let run = given::<Run>(with(&waiting, [claimed(1, 5, None)]));
    let refusal = |worker| R::OtherWorker { worker };
    run.when(by(2, end(Some(true)))).then_refuses(refusal(1));
    run.when(by(2, nothing())).then_refuses(refusal(1));
    run.when(by(1, claim(2, 6))).then_refuses(refusal(2));
    // It may take a run over, and then the other's reports are refused.
    run.when(by(2, claim(2, 6))).then([claimed(2, 6, Some(1))]);
    run.when(by(2, claim(2, 5))).then([claimed(2, 5, Some(1))]);
    let run = given::<Run>(with(
        &waiting,
        [claimed(1, 5, None), claimed(2, 6, Some(1))],
    ));
    run.when(by(1, end(Some(true)))).then_refuses(refusal(2));
    run.when(by(2, end(Some(true))))
        .then([returned(Some(true))]);
    // A run that was meant for a worker from the start is that worker's.
    let meant = Scheduled {
        worker: Some(3),
        ..scheduled()
    };
    given::<Run>([E::Scheduled(meant)])
        .when(by(1, nothing()))
        .then_refuses(refusal(3));
    // A trusted caller needs no claim.
    let end = C::Patch {
        by: Caller::Trusted,
        patch: end(None),
    };
    run.when(end).then([returned(None)]);
}

#[test]
fn a_worker_changes_nothing_that_only_people_know() {
    let patch = Patched {
        job: Some(9),
        schedule_id: Some(9),
        schedule_at: Some(at(9)),
        is_manual: Some(true),
        schedule_children: Some(false),
        ..nothing()
    };
    let run = given::<Run>([E::Scheduled(scheduled())]);
    run.when(by(1, patch.clone())).then_nothing();
    let by = Caller::Trusted;
    run.when(C::Patch {
        by,
        patch: patch.clone(),
    })
    .then([E::Patched(patch)]);
}

/// A worker that restarted may start a process with the number of the previous one. Until it
/// reports the number, it may belong to a foreign process, which must not be killed.
#[test]
fn a_process_belongs_to_one_start() {
    let started = |second| Patched {
        started_at: Some(Some(at(second))),
        ..nothing()
    };
    let pid = |pid| Patched {
        pid: Some(Some(pid)),
        ..nothing()
    };
    let mut run = folded(&[E::Scheduled(scheduled())]);
    let mut say = |patch: Patched| {
        let events = run.decide(by(1, patch)).unwrap();
        events.iter().for_each(|event| run.evolve(event));
        let facts = run.facts().unwrap();
        (events.len(), facts.pid, facts.pid_is_current)
    };
    say(claim(1, 5));
    assert_eq!(say(started(6)), (1, None, false));
    assert_eq!(say(pid(17)), (1, Some(17), true));
    assert_eq!(say(pid(17)), (0, Some(17), true), "it is said twice");
    assert_eq!(say(reset()), (1, Some(17), false));
    say(claim(1, 8));
    assert_eq!(say(started(9)), (1, Some(17), false));
    assert_eq!(
        say(pid(17)),
        (1, Some(17), true),
        "another process of that number"
    );
    assert_eq!(say(pid(17)), (0, Some(17), true));
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

proptest! {
    #[test]
    fn a_repeated_command_about_a_run_adds_nothing(story in story(run_command())) {
        laws::saying_twice_adds_nothing::<Run>(story);
    }

    #[test]
    fn a_runs_history_equals_its_decisions(story in story(run_command())) {
        laws::history_tells_the_same_as_the_decisions::<Run>(story);
    }

    /// However often each request of a worker is repeated, and however late.
    #[test]
    fn a_repeated_history_of_one_workers_run_adds_nothing(
        repeats in prop::collection::vec(1..4_usize, 6),
        success in any::<Option<bool>>(),
    ) {
        let life = [
            C::Schedule(scheduled()),
            C::Follow(followed(8)),
            by(1, claim(1, 5)),
            by(1, Patched { started_at: Some(Some(at(6))), ..nothing() }),
            by(1, Patched { pid: Some(Some(4242)), ..nothing() }),
            by(1, end(success)),
        ];
        let story = life.into_iter().zip(repeats);
        let story = story.flat_map(|(command, count)| vec![command; count]).collect();
        laws::telling_twice_adds_nothing::<Run>(story);
    }

    /// Each worker claims, in any order, and each that believes it has the run begins to execute
    /// it.
    #[test]
    fn of_all_workers_that_claim_a_run_one_executes_it(
        claims in prop::collection::vec((1..5_u64, 0..9_i64), 1..12),
        starts in Just((1..5_u64).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut run = Run::default();
        laws::tell(&mut run, [C::Schedule(scheduled())]);
        laws::tell(&mut run, claims.iter().map(|(worker, second)| by(*worker, claim(*worker, *second))));
        let start = |worker| by(worker, Patched { started_at: Some(Some(at(6))), ..nothing() });
        let (events, data) = laws::tell(&mut run, starts.into_iter().map(start));
        prop_assert_eq!(events.len(), 1);
        let winner = claims.last().unwrap().0;
        prop_assert_eq!(data, [start(winner)]);
    }

    /// Of all random reports, only the holder's are accepted: of the worker that has the run
    /// afterwards.
    #[test]
    fn only_the_holder_of_a_run_changes_it(story in story(run_command())) {
        let mut run = Run::default();
        for command in story {
            let Ok(events) = run.decide(command.clone()) else { continue };
            events.iter().for_each(|event| run.evolve(event));
            if let (C::Patch { by: Caller::Worker(me), .. }, Some(facts)) = (command, run.facts()) {
                prop_assert!(facts.worker.is_none_or(|holder| holder == me));
            }
        }
    }

    /// What follows from a return (fails, children, mails) follows once for each time the run was
    /// open.
    #[test]
    fn a_run_is_over_once_unless_it_is_reopened(story in story(run_command())) {
        let (events, _) = laws::tell(&mut Run::default(), story);
        let (mut over, mut followed) = (false, BTreeSet::new());
        for event in events {
            if event.outcome().is_some() {
                prop_assert!(!over, "over twice");
                over = true;
            }
            match event {
                E::Reopened(_) => over = false,
                E::Patched(patch) => prop_assert!(over || !matches!(patch.returned_at, Some(Some(_)))),
                E::Followed(data) => {
                    followed.insert(data.by);
                }
                _ => {}
            }
        }
        prop_assert!(followed.len() <= 1);
    }
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

fn run_command() -> impl Strategy<Value = C> {
    let time = || prop::option::of(prop::option::of((0..4_i64).prop_map(at)));
    let patch = (
        (prop::option::of(1..4_u64), time(), time(), time()),
        (
            any::<Option<Option<bool>>>(),
            prop::option::of(prop::option::of(0..3_i64)),
        ),
        (prop::option::of(1..3_u64), any::<Option<bool>>()),
    );
    let patch = patch.prop_map(
        |((worker, enqueued_at, started_at, returned_at), (success, pid), (job, flag))| Patched {
            job,
            schedule_id: job,
            schedule_at: job.map(|job| at(job as i64)),
            worker,
            enqueued_at,
            started_at,
            returned_at,
            success,
            pid,
            is_manual: flag,
            schedule_children: flag,
            at: at(90),
        },
    );
    let caller = prop_oneof![3 => (1..4_u64).prop_map(Caller::Worker), 1 => Just(Caller::Trusted)];
    let worker = || 1..4_u64;
    prop_oneof![
        4 => (0..2_u64).prop_map(|job| C::Schedule(Scheduled { job, ..scheduled() })),
        8 => (caller, patch).prop_map(|(by, patch)| C::Patch { by, patch }),
        4 => (worker(), 0..3_i64).prop_map(|(worker, second)| by(worker, claim(worker, second))),
        2 => worker().prop_map(|worker| by(worker, reset())),
        3 => (worker(), any::<Option<bool>>()).prop_map(|(worker, success)| by(worker, end(success))),
        1 => Just(C::Spread(spread())),
        2 => (8..10_u64).prop_map(|run| C::Follow(followed(run))),
        1 => Just(C::GiveUpFollowing(NotFollowed { at: at(90) })),
        2 => Just(C::GiveUp(given_up())),
        2 => Just(C::End(given_up())),
        2 => Just(C::TimeOut(timed_out())),
        2 => (8..10_u64).prop_map(|run| C::Retry(retried(run))),
        1 => (1..3_u64).prop_map(|kill_request| {
            C::NoteKill(KillRequested { kill_request, at: at(90) })
        }),
    ]
}
