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
fn a_killed_build_is_counted_and_not_scored() {
    let mut contest = Contest::new(&Protocol::default(), &["preset".to_owned()]);
    contest.add(killed());
    contest.add(build("emacs", 1e9));
    assert_eq!(contest.killed(), 1);
    assert_eq!(contest.end()[0].score.jobs, 1);
}
