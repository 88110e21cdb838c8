use proptest::prelude::*;

use super::*;
use crate::testing::once::{follows_once, is_done_and_undone_once};
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use ProjectCommand as C;
use ProjectEvent as E;
use ProjectRejection as R;

#[test]
fn a_project_is_created_once() {
    follows_once::<Project>(&[], C::Create(created()), E::Created(created()));
    let other = Created {
        title: "other".to_owned(),
        ..created()
    };
    given::<Project>([E::Created(created())])
        .when(C::Create(other))
        .then_refuses(R::AlreadyCreated);
    given::<Project>([])
        .when(C::Edit(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn an_edit_of_a_project_says_only_what_is_new() {
    let past = [E::Created(created())];
    let known = given::<Project>(past.clone());
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
        follows_once::<Project>(&past, C::Edit(edit.clone()), E::Edited(edit));
    }
}

#[test]
fn a_project_is_switched_off_and_on_once() {
    let at = at(1);
    is_done_and_undone_once::<Project>(
        &[E::Created(created())],
        (
            C::Suspend { at },
            E::EnqueueSuspended(EnqueueSuspended { at }),
        ),
        (C::Resume { at }, E::EnqueueResumed(EnqueueResumed { at })),
    );
}

#[test]
fn worker_pools_of_a_project_come_and_go_once() {
    let (worker_pool, at) = (5, at(1));
    is_done_and_undone_once::<Project>(
        &[E::Created(created())],
        (
            C::AddPool { worker_pool, at },
            E::PoolAdded(PoolAdded { worker_pool, at }),
        ),
        (
            C::RemovePool { worker_pool, at },
            E::PoolRemoved(PoolRemoved { worker_pool, at }),
        ),
    );
}

#[test]
fn viewers_of_a_project_come_and_go_once() {
    let (group, at) = (5, at(1));
    is_done_and_undone_once::<Project>(
        &[E::Created(created())],
        (
            C::AdmitViewers { group, at },
            E::ViewersAdmitted(ViewersAdmitted { group, at }),
        ),
        (
            C::ExpelViewers { group, at },
            E::ViewersExpelled(ViewersExpelled { group, at }),
        ),
    );
}

#[test]
fn admins_of_a_project_come_and_go_once() {
    let (group, at) = (5, at(1));
    is_done_and_undone_once::<Project>(
        &[E::Created(created())],
        (
            C::AdmitAdmins { group, at },
            E::AdminsAdmitted(AdminsAdmitted { group, at }),
        ),
        (
            C::ExpelAdmins { group, at },
            E::AdminsExpelled(AdminsExpelled { group, at }),
        ),
    );
}

proptest! {
    #[test]
    fn a_sentence_about_a_project_said_twice_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<Project>(story);
    }

    #[test]
    fn a_projects_history_tells_the_same_as_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<Project>(story);
    }
}

fn created() -> Created {
    Created {
        number: 1,
        title: "title".to_owned(),
        description: "description".to_owned(),
        notification_addresses: "notification_addresses".to_owned(),
        enqueue_is_enabled: true,
        worker_pools: [1, 2].into(),
        viewers: [1, 2].into(),
        admins: [1, 2].into(),
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
        1 => (1..4_u64).prop_map(|worker_pool| C::AddPool { worker_pool, at: at(1) }),
        1 => (1..4_u64).prop_map(|worker_pool| C::RemovePool { worker_pool, at: at(2) }),
        1 => (1..4_u64).prop_map(|group| C::AdmitViewers { group, at: at(1) }),
        1 => (1..4_u64).prop_map(|group| C::ExpelViewers { group, at: at(2) }),
        1 => (1..4_u64).prop_map(|group| C::AdmitAdmins { group, at: at(1) }),
        1 => (1..4_u64).prop_map(|group| C::ExpelAdmins { group, at: at(2) }),
    ]
}
