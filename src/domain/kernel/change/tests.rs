use proptest::prelude::*;

use super::present;
use crate::testing::stories::at;

/// A thing with a field that is always there, and one that can be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boat {
    name: String,
    captain: Option<String>,
}

edits! {
    /// What is otherwise about a boat.
    Edited of Boat {
        /// What it is called.
        name: String,
        /// Who steers it.
        #[serde(deserialize_with = "present")]
        captain: Option<String>,
    }
}

fn boat() -> impl Strategy<Value = Boat> {
    let captain = prop::option::of("[ab]");
    ("[ab]", captain).prop_map(|(name, captain)| Boat { name, captain })
}

fn edit() -> impl Strategy<Value = Edited> {
    let captain = prop::option::of(prop::option::of("[ab]"));
    (prop::option::of("[ab]"), captain).prop_map(|(name, captain)| Edited {
        name,
        captain,
        ..Edited::nothing(at(1))
    })
}

proptest! {
    #[test]
    fn what_differs_does_the_same_and_nothing_twice(boat in boat(), edit in edit()) {
        let mut edited = boat.clone();
        edited.edit(&edit);
        let mut otherwise = boat.clone();
        if let Some(changes) = boat.differing(edit.clone()) {
            prop_assert_ne!(&edited, &boat);
            otherwise.edit(&changes);
        }
        prop_assert_eq!(&otherwise, &edited);
        prop_assert_eq!(edited.differing(edit), None);
    }

    #[test]
    fn an_edit_towards_facts_makes_them_so(mut boat in boat(), wanted in boat()) {
        boat.edit(&Edited::towards(&wanted, at(1)));
        prop_assert_eq!(boat, wanted);
    }

    #[test]
    fn an_edit_is_written_and_read_back(edit in edit()) {
        let json = serde_json::to_string(&edit).unwrap();
        prop_assert_eq!(serde_json::from_str::<Edited>(&json).unwrap(), edit);
    }
}
