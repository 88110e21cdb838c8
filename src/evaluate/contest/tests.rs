use super::*;
use crate::evaluate::testing::{build, bundled, killed};

const NAMES: [&str; 3] = ["gantry-limit", "tovar", "ladder-std"];

/// Whatever the protocol, the sums must be those of a history that is evaluated in one go.
#[test]
fn build_by_build_the_sums_are_the_same() {
    let history = &bundled()[..700];
    let usual = Protocol::default();
    let delayed = Protocol {
        feedback: Feedback::AtEnd,
        ..usual.clone()
    };
    let both = Protocol {
        refs: Refs::default(),
        ..delayed.clone()
    };
    for protocol in [usual, delayed, both] {
        let names = NAMES.map(str::to_owned);
        let mut contest = Contest::new(&protocol, &names);
        for sample in history {
            contest.add(sample.clone());
        }
        let named = |name| Contestant::named(name, &protocol).unwrap();
        let mut expected = NAMES.map(named);
        evaluate(&protocol, history.iter().cloned(), &mut expected);
        for (tally, expected) in contest.end().iter().zip(&expected) {
            assert_eq!(tally.name, expected.name);
            assert_eq!(tally.score, expected.total, "{} {protocol:?}", tally.name);
        }
    }
}

#[test]
fn a_killed_build_counts_apart_and_costs_allocators_that_granted_no_more() {
    let names = ["preset", "ladder-std"].map(str::to_owned);
    let mut contest = Contest::new(&Protocol::default(), &names);
    contest.add(killed());
    contest.add(build("emacs", 1e9));
    assert_eq!(contest.killed(), 1);
    let [preset, ladder] = &contest.end()[..] else {
        panic!("two of two");
    };
    assert_eq!((preset.score.jobs, ladder.score.jobs), (1, 1));
    // What was set by hand is what it was killed with; the ladder gives a new package more.
    assert_eq!((preset.score.killed_too, ladder.score.killed_too), (1, 0));
    assert!(preset.score.memory_wasted > 0.0);
}
