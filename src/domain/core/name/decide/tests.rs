use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use NameCommand as C;
use NameEvent as E;

#[test]
fn a_name_is_taken_by_one_at_a_time() {
    given::<Name>([])
        .when(C::Take(taken(1)))
        .then([E::Taken(taken(1))]);
    let name = given::<Name>([E::Taken(taken(1))]);
    name.when(C::Take(taken(1))).then_nothing();
    name.when(C::Take(taken(2)))
        .then_refuses(NameRejection::Taken { by: 1 });
    name.when(C::Release { by: 2, at: at(1) }).then_nothing();
    let released = E::Released(Released { by: 1, at: at(1) });
    name.when(C::Release { by: 1, at: at(1) })
        .then([released.clone()]);
    given::<Name>([E::Taken(taken(1)), released])
        .when(C::Take(taken(2)))
        .then([E::Taken(taken(2))]);
}

#[test]
fn any_name_has_a_key() {
    let long = "\u{0}é".repeat(255);
    assert!(
        Name::key("job:1", &long)
            .bytes()
            .all(|b| b.is_ascii_graphic())
    );
    assert_ne!(Name::key("job:1", "a"), Name::key("job:1", "b"));
    assert_ne!(Name::key("job:1", "a"), Name::key("job:11", "a"));
}

proptest! {
    #[test]
    fn a_names_history_equals_its_decisions(story in story(command())) {
        laws::saying_twice_adds_nothing::<Name>(story.clone());
        laws::history_tells_the_same_as_the_decisions::<Name>(story);
    }
}

fn taken(by: u64) -> Taken {
    Taken {
        kind: "user".to_owned(),
        name: "ann".to_owned(),
        by,
        at: at(0),
    }
}

fn command() -> impl Strategy<Value = C> {
    (1..4_u64, any::<bool>()).prop_map(|(by, take)| {
        if take {
            C::Take(taken(by))
        } else {
            C::Release { by, at: at(1) }
        }
    })
}
