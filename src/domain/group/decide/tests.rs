use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use GroupCommand as C;
use GroupEvent as E;
use GroupRejection as R;

#[test]
fn a_group_is_created_once() {
    given::<Group>([])
        .when(C::Create(created()))
        .then([E::Created(created())]);
    let known = given::<Group>([E::Created(created())]);
    known.when(C::Create(created())).then_nothing();
    let other = Created {
        name: "other".to_owned(),
        ..created()
    };
    known.when(C::Create(other)).then_refuses(R::AlreadyCreated);
    given::<Group>([])
        .when(C::Edit(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn an_edit_of_a_group_says_only_what_is_new() {
    let known = given::<Group>([E::Created(created())]);
    known.when(C::Edit(nothing())).then_nothing();
    let same = Edited {
        name: Some(created().name),
        ..nothing()
    };
    known.when(C::Edit(same)).then_nothing();
    let edit = Edited {
        name: Some("other".to_owned()),
        ..nothing()
    };
    known
        .when(C::Edit(edit.clone()))
        .then([E::Edited(edit.clone())]);
    given::<Group>([E::Created(created()), E::Edited(edit.clone())])
        .when(C::Edit(edit))
        .then_nothing();
}

proptest! {
    #[test]
    fn a_sentence_about_a_group_said_twice_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<Group>(story);
    }

    #[test]
    fn a_groups_history_tells_the_same_as_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<Group>(story);
    }
}

fn created() -> Created {
    Created {
        number: 1,
        name: "name".to_owned(),
        at: at(0),
    }
}

fn nothing() -> Edited {
    Edited::nothing(at(1))
}

fn command() -> impl Strategy<Value = C> {
    let text = || prop::sample::select(vec!["one", "other"]);
    prop_oneof![
        2 => text().prop_map(|text| C::Create(Created { name: text.to_owned(), ..created() })),
        3 => text().prop_map(|text| C::Edit(Edited { name: Some(text.to_owned()), ..nothing() })),
    ]
}
