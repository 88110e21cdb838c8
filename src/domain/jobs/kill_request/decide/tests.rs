use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use KillRequestCommand as C;
use KillRequestEvent as E;
use KillRequestRejection as R;

#[test]
fn a_kill_request_is_made_once() {
    given::<KillRequest>([])
        .when(C::Request(requested()))
        .then([E::Requested(requested())]);
    let request = given::<KillRequest>([E::Requested(requested())]);
    request.when(C::Request(requested())).then_nothing();
    let other = Requested {
        run: 9,
        ..requested()
    };
    request
        .when(C::Request(other))
        .then_refuses(R::AlreadyRequested);
    given::<KillRequest>([])
        .when(by_worker(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn a_worker_takes_note_of_a_request_and_carries_it_out() {
    let enqueue = Patched {
        enqueued_at: Some(Some(at(5))),
        ..nothing()
    };
    let execute = Patched {
        executed_at: Some(Some(at(6))),
        ..nothing()
    };
    let enqueued = E::Enqueued(Enqueued {
        enqueued_at: at(5),
        at: at(9),
    });
    let executed = E::Executed(Executed {
        executed_at: at(6),
        at: at(9),
    });
    let request = given::<KillRequest>([E::Requested(requested())]);
    request
        .when(by_worker(enqueue.clone()))
        .then([enqueued.clone()]);
    // In any order of the reports.
    request
        .when(by_worker(execute.clone()))
        .then([executed.clone()]);
    let request = given::<KillRequest>([E::Requested(requested()), enqueued, executed]);
    request.when(by_worker(enqueue)).then_nothing();
    request.when(by_worker(execute)).then_nothing();
    let later = Patched {
        executed_at: Some(Some(at(7))),
        enqueued_at: Some(None),
        ..nothing()
    };
    request
        .when(by_worker(later.clone()))
        .then([E::Patched(later)]);
}

#[test]
fn a_worker_does_not_turn_a_request_to_another_run() {
    let patch = Patched {
        run: Some(9),
        schedule_at: Some(at(9)),
        ..nothing()
    };
    let request = given::<KillRequest>([E::Requested(requested())]);
    request.when(by_worker(patch.clone())).then_nothing();
    let by = Caller::Trusted;
    request
        .when(C::Patch {
            by,
            patch: patch.clone(),
        })
        .then([E::Patched(patch)]);
}

proptest! {
    #[test]
    fn a_repeated_command_about_a_kill_request_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<KillRequest>(story);
    }

    #[test]
    fn a_kill_requests_history_equals_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<KillRequest>(story);
    }

    #[test]
    fn a_kill_requests_history_repeated_adds_nothing(order in Just(vec![0, 1, 0, 1]).prop_shuffle()) {
        let words = [
            Patched { enqueued_at: Some(Some(at(5))), ..nothing() },
            Patched { executed_at: Some(Some(at(6))), ..nothing() },
        ];
        let life = order.into_iter().map(|index: usize| by_worker(words[index].clone()));
        laws::telling_twice_adds_nothing::<KillRequest>([C::Request(requested())].into_iter().chain(life).collect());
    }
}

fn requested() -> Requested {
    Requested {
        number: 1,
        run: 7,
        reason: None,
        at: at(0),
    }
}

fn nothing() -> Patched {
    Patched::nothing(at(9))
}

fn by_worker(patch: Patched) -> C {
    let by = Caller::Worker(1);
    C::Patch { by, patch }
}

fn command() -> impl Strategy<Value = C> {
    let time = || prop::option::of(prop::option::of((0..3_i64).prop_map(at)));
    let patch = (prop::option::of(7..9_u64), time(), time(), any::<bool>());
    prop_oneof![
        1 => (7..9_u64).prop_map(|run| C::Request(Requested { run, ..requested() })),
        4 => patch.prop_map(|(run, enqueued_at, executed_at, trusted)| C::Patch {
            by: if trusted { Caller::Trusted } else { Caller::Worker(1) },
            patch: Patched { run, enqueued_at, executed_at, ..nothing() },
        }),
    ]
}
