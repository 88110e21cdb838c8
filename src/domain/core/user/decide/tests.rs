use proptest::prelude::*;

use super::*;
use crate::testing::once::{follows_once, is_done_and_undone_once};
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use UserCommand as C;
use UserEvent as E;
use UserRejection as R;

#[test]
fn a_user_is_created_once() {
    follows_once::<User>(&[], C::Create(created()), E::Created(created()));
    let other = Created {
        name: "other".to_owned(),
        ..created()
    };
    given::<User>([E::Created(created())])
        .when(C::Create(other))
        .then_refuses(R::AlreadyCreated);
    given::<User>([])
        .when(C::Edit(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn an_edit_of_a_user_says_only_what_is_new() {
    let past = [E::Created(created())];
    let known = given::<User>(past.clone());
    known.when(C::Edit(nothing())).then_nothing();
    let same = Edited {
        name: Some(created().name),
        ..nothing()
    };
    known.when(C::Edit(same)).then_nothing();
    for edit in [
        Edited {
            name: Some("other".to_owned()),
            ..nothing()
        },
        Edited {
            is_superuser: Some(true),
            ..nothing()
        },
    ] {
        follows_once::<User>(&past, C::Edit(edit.clone()), E::Edited(edit));
    }
}

#[test]
fn a_user_is_switched_off_and_on_once() {
    let at = at(1);
    is_done_and_undone_once::<User>(
        &[E::Created(created())],
        (C::Disable { at }, E::Disabled(Disabled { at })),
        (C::Enable { at }, E::Enabled(Enabled { at })),
    );
}

#[test]
fn groups_of_a_user_come_and_go_once() {
    let (group, at) = (5, at(1));
    is_done_and_undone_once::<User>(
        &[E::Created(created())],
        (
            C::JoinGroup { group, at },
            E::GroupJoined(GroupJoined { group, at }),
        ),
        (
            C::LeaveGroup { group, at },
            E::GroupLeft(GroupLeft { group, at }),
        ),
    );
}

#[test]
fn a_user_has_a_new_password_once() {
    let (password, at) = (hash("b"), at(1));
    let change = C::ChangePassword {
        password: password.clone(),
        at,
    };
    let changed = E::PasswordChanged(PasswordChanged { password, at });
    follows_once::<User>(&[E::Created(created())], change, changed);
    assert!(!format!("{:?}", created()).contains(hash("a").as_str()));
}

proptest! {
    #[test]
    fn a_sentence_about_a_user_said_twice_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<User>(story);
    }

    #[test]
    fn a_users_history_tells_the_same_as_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<User>(story);
    }
}

fn created() -> Created {
    Created {
        number: 1,
        name: "name".to_owned(),
        password: hash("a"),
        is_superuser: false,
        is_enabled: true,
        groups: [1, 2].into(),
        at: at(0),
    }
}

fn nothing() -> Edited {
    Edited::nothing(at(1))
}

fn hash(letter: &str) -> PasswordHash {
    let parameters = "v=19$m=19456,t=2,p=1$c29tZXNhbHQ";
    PasswordHash::new(format!("$argon2id${parameters}${}", letter.repeat(43))).unwrap()
}

fn command() -> impl Strategy<Value = C> {
    let text = || prop::sample::select(vec!["one", "other"]);
    prop_oneof![
        2 => text().prop_map(|text| C::Create(Created { name: text.to_owned(), ..created() })),
        3 => text().prop_map(|text| C::Edit(Edited { name: Some(text.to_owned()), ..nothing() })),
        1 => Just(C::Disable { at: at(1) }),
        1 => Just(C::Enable { at: at(2) }),
        1 => prop::sample::select(vec!["a", "b"]).prop_map(|letter| C::ChangePassword { password: hash(letter), at: at(1) }),
        1 => (1..4_u64).prop_map(|group| C::JoinGroup { group, at: at(1) }),
        1 => (1..4_u64).prop_map(|group| C::LeaveGroup { group, at: at(2) }),
    ]
}
