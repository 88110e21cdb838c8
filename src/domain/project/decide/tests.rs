use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use ProjectCommand as C;
use ProjectEvent as E;
use ProjectRejection as R;

#[test]
fn a_project_is_created_once() {
    given::<Project>([])
        .when(C::Create(created()))
        .then([E::Created(created())]);
    let known = given::<Project>([E::Created(created())]);
    known.when(C::Create(created())).then_nothing();
    let other = Created {
        title: "other".to_owned(),
        ..created()
    };
    known.when(C::Create(other)).then_refuses(R::AlreadyCreated);
    given::<Project>([])
        .when(C::Edit(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn an_edit_of_a_project_says_only_what_is_new() {
    let known = given::<Project>([E::Created(created())]);
    known.when(C::Edit(nothing())).then_nothing();
    let same = Edited {
        title: Some(created().title),
        ..nothing()
    };
    known.when(C::Edit(same)).then_nothing();
    let edit = Edited {
        title: Some("other".to_owned()),
        ..nothing()
    };
    known
        .when(C::Edit(edit.clone()))
        .then([E::Edited(edit.clone())]);
    given::<Project>([E::Created(created()), E::Edited(edit.clone())])
        .when(C::Edit(edit))
        .then_nothing();
    let edit = Edited {
        description: Some("other".to_owned()),
        ..nothing()
    };
    known
        .when(C::Edit(edit.clone()))
        .then([E::Edited(edit.clone())]);
    given::<Project>([E::Created(created()), E::Edited(edit.clone())])
        .when(C::Edit(edit))
        .then_nothing();
    let edit = Edited {
        notification_addresses: Some("other".to_owned()),
        ..nothing()
    };
    known
        .when(C::Edit(edit.clone()))
        .then([E::Edited(edit.clone())]);
    given::<Project>([E::Created(created()), E::Edited(edit.clone())])
        .when(C::Edit(edit))
        .then_nothing();
}

#[test]
fn a_project_is_switched_off_and_on_once() {
    let off = E::EnqueueSuspended(EnqueueSuspended { at: at(1) });
    let on = E::EnqueueResumed(EnqueueResumed { at: at(1) });
    let known = given::<Project>([E::Created(created())]);
    known.when(C::Resume { at: at(1) }).then_nothing();
    known.when(C::Suspend { at: at(1) }).then([off.clone()]);
    let known = given::<Project>([E::Created(created()), off]);
    known.when(C::Suspend { at: at(1) }).then_nothing();
    known.when(C::Resume { at: at(1) }).then([on]);
}

#[test]
fn worker_pools_of_a_project_come_and_go_once() {
    let (worker_pool, at) = (5, at(1));
    let comes = E::PoolAdded(PoolAdded { worker_pool, at });
    let goes = E::PoolRemoved(PoolRemoved { worker_pool, at });
    let known = given::<Project>([E::Created(created())]);
    known.when(C::RemovePool { worker_pool, at }).then_nothing();
    known
        .when(C::AddPool { worker_pool, at })
        .then([comes.clone()]);
    let known = given::<Project>([E::Created(created()), comes]);
    known.when(C::AddPool { worker_pool, at }).then_nothing();
    known.when(C::RemovePool { worker_pool, at }).then([goes]);
}

#[test]
fn viewers_of_a_project_come_and_go_once() {
    let (group, at) = (5, at(1));
    let comes = E::ViewersAdmitted(ViewersAdmitted { group, at });
    let goes = E::ViewersExpelled(ViewersExpelled { group, at });
    let known = given::<Project>([E::Created(created())]);
    known.when(C::ExpelViewers { group, at }).then_nothing();
    known
        .when(C::AdmitViewers { group, at })
        .then([comes.clone()]);
    let known = given::<Project>([E::Created(created()), comes]);
    known.when(C::AdmitViewers { group, at }).then_nothing();
    known.when(C::ExpelViewers { group, at }).then([goes]);
}

#[test]
fn admins_of_a_project_come_and_go_once() {
    let (group, at) = (5, at(1));
    let comes = E::AdminsAdmitted(AdminsAdmitted { group, at });
    let goes = E::AdminsExpelled(AdminsExpelled { group, at });
    let known = given::<Project>([E::Created(created())]);
    known.when(C::ExpelAdmins { group, at }).then_nothing();
    known
        .when(C::AdmitAdmins { group, at })
        .then([comes.clone()]);
    let known = given::<Project>([E::Created(created()), comes]);
    known.when(C::AdmitAdmins { group, at }).then_nothing();
    known.when(C::ExpelAdmins { group, at }).then([goes]);
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
