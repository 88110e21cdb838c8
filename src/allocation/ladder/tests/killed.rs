use crate::Ladder;
use crate::ladder::{Bound, Learning, Policy};
use crate::testing::{build, killed};

const SPEC: &str = "llvm@18 +clang arch=a%gcc@12";

#[test]
fn a_retry_gets_at_least_twice_the_limit_until_one_succeeds() {
    let mut ladder = after_builds(12);
    let before = memory(&ladder);
    assert!(before < 2000.0, "{before}");
    ladder.learn(&killed(12, SPEC, 4e9)).unwrap();
    assert!(memory(&ladder) >= 8000.0, "{}", memory(&ladder));
    ladder.learn(&killed(13, SPEC, 8e9)).unwrap();
    assert!(memory(&ladder) >= 16_000.0, "{}", memory(&ladder));
    // A kill at a lower limit adds no information.
    ladder.learn(&killed(14, SPEC, 1e9)).unwrap();
    assert!(memory(&ladder) >= 16_000.0, "{}", memory(&ladder));
    let answer = ladder.answer(&SPEC.parse().unwrap(), Some(4));
    assert_eq!(
        answer.reason.as_ladder().unwrap().memory_bound,
        Some(Bound::Retry)
    );
    for position in 15..24 {
        ladder.learn(&build(position, SPEC, 1.0, 4.5e9)).unwrap();
    }
    let after = memory(&ladder);
    assert!(
        (9000.0..16_000.0).contains(&after),
        "the peak is 9 GB: {after}"
    );
}

#[test]
fn a_kill_before_any_success_raises_the_next_request() {
    let mut ladder = after_builds(0);
    ladder.learn(&killed(0, SPEC, 40e9)).unwrap();
    assert!(memory(&ladder) >= 80_000.0, "{}", memory(&ladder));
    assert_eq!(ladder.learnt(), 0);
    // A kill has no information about CPU, so the package is still new there.
    let answer = ladder.answer(&SPEC.parse().unwrap(), Some(8));
    assert_eq!(answer.cpu.to_cores_text(), "6");
}

#[test]
fn a_retry_with_another_number_of_build_jobs_is_raised_too() {
    let mut ladder = after_builds(12);
    ladder.learn(&killed(12, SPEC, 4e9)).unwrap();
    for jobs in [None, Some(1), Some(64)] {
        let given = ladder.answer(&SPEC.parse().unwrap(), jobs).memory.bytes();
        assert!(given >= 8e9, "{jobs:?}: {given}");
    }
}

#[test]
fn a_kill_raises_other_builds_of_the_package_less() {
    let mut ladder = after_builds(12);
    ladder.learn(&killed(12, SPEC, 4e9)).unwrap();
    let other = "llvm@19 +clang arch=a%gcc@13".parse().unwrap();
    let given = ladder.answer(&other, Some(4)).memory.bytes();
    assert!(given < 8e9, "{given}");
}

fn after_builds(builds: u64) -> Ladder {
    let mut ladder = Ladder::new(Learning::default(), Policy::STD);
    for position in 0..builds {
        ladder.learn(&build(position, SPEC, 1.0, 0.5e9)).unwrap();
    }
    ladder
}

fn memory(ladder: &Ladder) -> f64 {
    let answer = ladder.answer(&SPEC.parse().unwrap(), Some(4));
    answer.memory.bytes() / 1e6
}
