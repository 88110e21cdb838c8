use crate::ladder::{Basis, Bound, Learning, Policy};
use crate::testing::build;
use crate::{Answer, Ladder, UsageSample};

const SPEC: &str = "hdf5@1.14 +mpi arch=a%gcc@12";

#[test]
fn an_answer_lists_the_builds_it_is_based_on() {
    let answer = after(&twelve(|at| build(at, SPEC, 2.0, 1e9 + at as f64)));
    let reason = answer.reason.as_ladder().unwrap();
    let Basis::Rung(rung) = &reason.memory else {
        panic!("the package is known: {reason}");
    };
    assert_eq!((rung.level, rung.builds, rung.newest.len()), (0, 12, 8));
    assert!(
        (rung.newest[0] / 2e9 - 1.0).abs() < 1e-3,
        "{:?}",
        rung.newest
    );
    assert!(rung.p50 <= rung.p90 && rung.p90 <= rung.p99);
    assert!((rung.value * rung.multiple - answer.memory.bytes()).abs() <= 1e6);
    assert!(rung.exceeded_chance <= Policy::STD.failure_chance_max);
    assert!(rung.runner_up.as_ref().unwrap().score >= rung.score);
    assert_eq!(reason.learnt_to, Some(11));
    let words = answer.reason.to_string();
    assert!(
        words.contains("of 12 builds with the same name, version, variants"),
        "{words}"
    );
    let json = serde_json::to_value(&answer.reason).unwrap();
    assert_eq!(json["strategy"], "ladder");
    assert_eq!(json["memory"]["rung"]["builds"], 12);
}

#[test]
fn a_mixture_of_statistics_is_reported_as_one() {
    let mut ladder = Ladder::new(Learning::default(), Policy::MIXED);
    for sample in &twelve(|at| build(at, SPEC, 2.0, 1e9)) {
        ladder.learn(sample).unwrap();
    }
    let words = ladder
        .answer(&SPEC.parse().unwrap(), None)
        .reason
        .to_string();
    assert!(words.contains("mixed with the next best 7"), "{words}");
}

#[test]
fn the_order_in_which_variants_are_written_changes_no_answer() {
    let story = twelve(|at| build(at, "p@1 +a~b k=v arch=a%gcc@12", 2.0, 1e9 + at as f64));
    let mut ladder = Ladder::new(Learning::default(), Policy::STD);
    for sample in &story {
        ladder.learn(sample).unwrap();
    }
    let answer = |text: &str| ladder.answer(&text.parse().expect(text), Some(4));
    let asked = answer("p@1 +a~b k=v arch=a%gcc@12");
    assert_eq!(answer("p@1 k=v ~b+a arch=a%gcc@12"), asked);
    assert_ne!(answer("p@1 k=v +b+a arch=a%gcc@12"), asked);
}

#[test]
fn a_new_package_is_reported_as_new() {
    let answer = after(&[build(0, "zlib@1 +x arch=a%gcc@12", 2.0, 1e9)]);
    let words = answer.reason.to_string();
    assert!(words.contains("the first builds of 1 packages"), "{words}");
    assert_eq!(answer.reason.level(), None);
    let other = twelve(|at| build(at, "hdf5@1.12 +mpi arch=a%gcc@12", 2.0, 1e9));
    let known = after(&other);
    let rung = known.reason.as_ladder().unwrap();
    assert!(rung.memory.level() > Some(0), "{}", known.reason);
    assert_eq!(known.reason.level(), rung.memory.level());
    // The number of jobs is not given, so it is what the packages so far have used.
    assert_eq!(answer.cpu.to_cores_text(), "2");
}

#[test]
fn the_minimum_is_granted_and_reported() {
    let answer = after(&Vec::from_iter(
        (0..12).map(|at| build(at, SPEC, 0.001, 1e6)),
    ));
    let reason = answer.reason.as_ladder().unwrap();
    assert_eq!(reason.memory_bound, Some(Bound::Least));
    assert_eq!(answer.memory.to_string(), "256M");
    assert_eq!(answer.memory_limit, Some(answer.memory));
    assert_eq!(answer.cpu.to_cores_text(), "0.01");
}

#[test]
fn more_than_the_largest_node_is_never_given() {
    let policy = Policy {
        memory_max: 1e9,
        ..Policy::STD
    };
    let ladder = Ladder::new(Learning::default(), policy);
    let answer = ladder.answer(&SPEC.parse().unwrap(), None);
    let reason = answer.reason.as_ladder().unwrap();
    assert_eq!(reason.memory_bound, Some(Bound::Most));
    assert_eq!(answer.memory.to_string(), "1000M");
}

#[test]
fn a_policy_out_of_range_is_refused_by_its_field() {
    for name in ["std", "lean", "safe", "mixed"] {
        assert_eq!(Policy::named(name).expect(name).check(), Ok(()), "{name}");
    }
    let policy = Policy {
        failure_price: f64::NAN,
        ..Policy::STD
    };
    let error = policy.check().unwrap_err().to_string();
    assert!(error.starts_with("failure_price is NaN"), "{error}");
}

fn twelve(build: impl Fn(u64) -> UsageSample) -> Vec<UsageSample> {
    (0..12).map(build).collect()
}

/// The answer for [`SPEC`] after a history, without saying how many build jobs there will be.
fn after(story: &[UsageSample]) -> Answer {
    let mut ladder = Ladder::new(Learning::default(), Policy::STD);
    for sample in story {
        ladder.learn(sample).unwrap();
    }
    ladder.answer(&SPEC.parse().unwrap(), None)
}
