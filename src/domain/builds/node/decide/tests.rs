use proptest::prelude::*;

use super::*;
use crate::testing::stories::{described, node_command, story};
use crate::testing::{given, laws};

use NodeCommand as C;
use NodeEvent as E;

#[test]
fn a_machine_that_is_as_it_was_is_not_described_again() {
    given::<Node>([E::Described(described("a", 1))])
        .when(C::Describe(described("a", 2)))
        .then_nothing();
}

#[test]
fn a_machine_may_become_as_it_was_before() {
    let past = [
        E::Described(described("a", 1)),
        E::Described(described("b", 2)),
    ];
    let node = given::<Node>(past);
    node.when(C::Describe(described("a", 3)))
        .then([E::Described(described("a", 3))]);
    node.when(C::Describe(described("a", 1))).then_nothing();
}

#[test]
fn every_field_but_the_time_counts() {
    let known = described("a", 1);
    let changes: [fn(&mut Described); 7] = [
        |it| it.uuid.push('x'),
        |it| it.hostname.push('x'),
        |it| it.cores += 1.0,
        |it| it.memory += 1.0,
        |it| it.arch.push('x'),
        |it| it.os.push('x'),
        |it| it.instance_type.push('x'),
    ];
    for change in changes {
        let mut data = known.clone();
        change(&mut data);
        given::<Node>([E::Described(known.clone())])
            .when(C::Describe(data.clone()))
            .then([E::Described(data)]);
    }
}

#[test]
fn a_machine_without_a_size_is_refused() {
    for (cores, memory, field) in [(f64::NAN, 1.0, "cores"), (1.0, f64::INFINITY, "memory")] {
        let data = Described {
            cores,
            memory,
            ..described("a", 1)
        };
        given::<Node>([])
            .when(C::Describe(data))
            .then_refuses(NodeRejection::NotFinite { field });
    }
}

proptest! {
    #[test]
    fn a_machines_history_repeated_adds_nothing(story in story(node_command())) {
        laws::telling_twice_adds_nothing::<Node>(story);
    }

    #[test]
    fn a_machines_history_equals_its_decisions(story in story(node_command())) {
        laws::history_tells_the_same_as_the_decisions::<Node>(story);
    }
}
