use std::collections::BTreeSet;

use super::*;

/// Changed, every delivery that comes again would be taken for a new one.
#[test]
fn a_name_has_the_same_id_for_ever() {
    let id = event_id("gitlab", "f5e5f430-f57b-4e6e-9fac-d9128cd7232f");
    assert_eq!(
        id,
        event_id("gitlab", "f5e5f430-f57b-4e6e-9fac-d9128cd7232f")
    );
    assert_eq!(id.get_version_num(), 5);
    assert_eq!(id.to_string(), "52fb5f61-3ae6-5cc9-8943-ee93e7ff01e3");
    assert_eq!(
        Ids::From(id).of(1).to_string(),
        "71b00fd5-f053-567f-abf4-3065c39763bc"
    );
}

#[test]
fn names_do_not_run_together() {
    let pairs = [
        ("a", "bc"),
        ("ab", "c"),
        ("abc", ""),
        ("", "abc"),
        ("a", "b"),
        ("b", "a"),
    ];
    let ids: BTreeSet<Uuid> = pairs
        .iter()
        .map(|(space, key)| event_id(space, key))
        .collect();
    assert_eq!(ids.len(), pairs.len());
}

#[test]
fn the_events_of_one_command_have_ids_of_their_own() {
    let ids = Ids::From(event_id("a", "b"));
    let first: BTreeSet<Uuid> = (0..100).map(|number| ids.of(number)).collect();
    assert_eq!(first.len(), 100);
    assert!(ids.is(ids.of(7), 7) && !ids.is(ids.of(7), 8));
    assert!(!Ids::Random.is(Ids::Random.of(0), 0));
}
