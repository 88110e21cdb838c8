use proptest::prelude::*;

use super::*;
use crate::testing::once::{follows_once, is_done_and_undone_once};
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use WorkerPoolCommand as C;
use WorkerPoolEvent as E;
use WorkerPoolRejection as R;

#[test]
fn a_worker_pool_is_created_once() {
    follows_once::<WorkerPool>(&[], C::Create(created()), E::Created(created()));
    let other = Created {
        title: "other".to_owned(),
        ..created()
    };
    given::<WorkerPool>([E::Created(created())])
        .when(C::Create(other))
        .then_refuses(R::AlreadyCreated);
    given::<WorkerPool>([])
        .when(C::Edit(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn an_edit_of_a_worker_pool_says_only_what_is_new() {
    let past = [E::Created(created())];
    let known = given::<WorkerPool>(past.clone());
    known.when(C::Edit(nothing())).then_nothing();
    let same = Edited {
        title: Some(created().title),
        ..nothing()
    };
    known.when(C::Edit(same)).then_nothing();
    for edit in [
        Edited {
            title: Some("other".to_owned()),
            ..nothing()
        },
        Edited {
            description: Some("other".to_owned()),
            ..nothing()
        },
        Edited {
            notification_addresses: Some("other".to_owned()),
            ..nothing()
        },
    ] {
        follows_once::<WorkerPool>(&past, C::Edit(edit.clone()), E::Edited(edit));
    }
}

#[test]
fn a_worker_pool_is_switched_off_and_on_once() {
    let at = at(1);
    is_done_and_undone_once::<WorkerPool>(
        &[E::Created(created())],
        (
            C::Suspend { at },
            E::EnqueueSuspended(EnqueueSuspended { at }),
        ),
        (C::Resume { at }, E::EnqueueResumed(EnqueueResumed { at })),
    );
}

#[test]
fn workers_of_a_worker_pool_come_and_go_once() {
    let (worker, at) = (5, at(1));
    is_done_and_undone_once::<WorkerPool>(
        &[E::Created(created())],
        (
            C::AddWorker { worker, at },
            E::WorkerAdded(WorkerAdded { worker, at }),
        ),
        (
            C::RemoveWorker { worker, at },
            E::WorkerRemoved(WorkerRemoved { worker, at }),
        ),
    );
}

proptest! {
    #[test]
    fn a_sentence_about_a_worker_pool_said_twice_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<WorkerPool>(story);
    }

    #[test]
    fn a_worker_pools_history_tells_the_same_as_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<WorkerPool>(story);
    }
}

fn created() -> Created {
    Created {
        number: 1,
        title: "title".to_owned(),
        description: "description".to_owned(),
        notification_addresses: "notification_addresses".to_owned(),
        enqueue_is_enabled: true,
        workers: [1, 2].into(),
        at: at(0),
    }
}

fn nothing() -> Edited {
    Edited::nothing(at(1))
}

fn command() -> impl Strategy<Value = C> {
    let text = || prop::sample::select(vec!["one", "other"]);
    prop_oneof![
        2 => text().prop_map(|text| C::Create(Created { title: text.to_owned(), ..created() })),
        3 => text().prop_map(|text| C::Edit(Edited { title: Some(text.to_owned()), ..nothing() })),
        1 => Just(C::Suspend { at: at(1) }),
        1 => Just(C::Resume { at: at(2) }),
        1 => (1..4_u64).prop_map(|worker| C::AddWorker { worker, at: at(1) }),
        1 => (1..4_u64).prop_map(|worker| C::RemoveWorker { worker, at: at(2) }),
    ]
}
