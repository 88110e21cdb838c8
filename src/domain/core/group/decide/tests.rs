use proptest::prelude::*;

use super::*;
use crate::testing::once::follows_once;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use GroupCommand as C;
use GroupEvent as E;
use GroupRejection as R;

#[test]
fn a_group_is_created_once() {
    follows_once::<Group>(&[], C::Create(created()), E::Created(created()));
    let other = Created {
        name: "other".to_owned(),
        ..created()
    };
    given::<Group>([E::Created(created())])
        .when(C::Create(other))
        .then_refuses(R::AlreadyCreated);
    given::<Group>([])
        .when(C::Edit(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn an_edit_of_a_group_says_only_what_is_new() {
    let past = [E::Created(created())];
    let known = given::<Group>(past.clone());
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
    follows_once::<Group>(&past, C::Edit(edit.clone()), E::Edited(edit));
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
