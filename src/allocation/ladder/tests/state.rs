use proptest::prelude::*;

use crate::ladder::{Learning, MergeError, Policy};
use crate::testing::{any_sample, any_story, build};
use crate::{Ladder, Refs, SnapshotError, UsageSample};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_snapshot_and_the_tail_equal_a_full_replay(story in any_story(40), cut in 0..40usize) {
        let (head, tail) = story.split_at(cut.min(story.len()));
        let whole = learnt(fresh(), &story);
        let snapshot = learnt(fresh(), head).snapshot();
        let resumed = Ladder::restore(everything(), Policy::STD, &snapshot).unwrap();
        let resumed = learnt(resumed, tail);
        prop_assert_eq!(resumed.snapshot(), whole.snapshot());
        for sample in &story {
            let asked = (&sample.spec, sample.build_jobs);
            prop_assert_eq!(resumed.answer(asked.0, asked.1), whole.answer(asked.0, asked.1));
        }
    }

    #[test]
    fn shards_by_package_become_what_one_would_have_learnt(story in any_story(40)) {
        let (left, right): (Vec<_>, Vec<_>) =
            story.iter().cloned().partition(|sample| sample.spec.name.as_str() < "m");
        let mut merged = learnt(fresh(), &left);
        merged.merge(&learnt(fresh(), &right)).unwrap();
        prop_assert_eq!(merged.snapshot(), learnt(fresh(), &story).snapshot());
    }

    #[test]
    fn every_answer_is_a_finite_amount_within_the_policy(
        story in any_story(40),
        asked in any_sample(),
        policy in prop_oneof![Just(Policy::STD), Just(Policy::LEAN), Just(Policy::SAFE), Just(Policy::MIXED)],
    ) {
        let ladder = learnt(fresh(), &story);
        for jobs in [None, Some(4)] {
            let (given, reason) = ladder.estimate(&policy, &asked.spec, jobs);
            prop_assert!((policy.memory_min..=policy.memory_max).contains(&given.memory));
            prop_assert!((policy.cpu_min..1e6).contains(&given.cpu), "{reason}");
        }
    }

    #[test]
    fn a_flawed_sample_changes_nothing(story in any_story(10), mut sample in any_sample()) {
        let mut ladder = learnt(fresh(), &story);
        let before = ladder.snapshot();
        sample.seconds = f64::INFINITY;
        prop_assert!(ladder.learn(&sample).is_err());
        prop_assert_eq!(ladder.snapshot(), before);
    }

    #[test]
    fn no_bytes_make_restoring_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(Ladder::restore(everything(), Policy::STD, &bytes).is_err());
    }
}

#[test]
fn a_snapshot_is_refused_by_one_that_learns_differently_but_not_by_another_policy() {
    let snapshot = fresh().snapshot();
    assert_eq!(
        Ladder::restore(Learning::default(), Policy::STD, &snapshot).unwrap_err(),
        SnapshotError::OtherSettings
    );
    assert!(Ladder::restore(everything(), Policy::SAFE, &snapshot).is_ok());
}

#[test]
fn shards_that_share_a_package_are_refused_and_unchanged() {
    let story = [build(1, "p@1 +x arch=a%gcc@12", 1.0, 1e9)];
    let mut left = learnt(fresh(), &story);
    let before = left.snapshot();
    assert_eq!(left.merge(&left.clone()), Err(MergeError::SamePackage));
    assert_eq!(left.snapshot(), before);
}

#[test]
fn what_is_longest_untouched_is_forgotten_when_too_much_is_known() {
    let learning = Learning {
        nodes_max: 100,
        packages_max: 8,
        ..everything()
    };
    let mut ladder = Ladder::new(learning, Policy::STD);
    for position in 0..500 {
        let spec = format!("p{position}@1 +x arch=a%gcc@12");
        ladder.learn(&build(position, &spec, 1.0, 1e9)).unwrap();
        assert!(
            ladder.nodes() <= 100 && ladder.packages() <= 8,
            "after {position}"
        );
    }
    let newest = "p499@1 +x arch=a%gcc@12".parse().unwrap();
    assert!(ladder.answer(&newest, None).memory.0 < 4000);
}

fn everything() -> Learning {
    Learning {
        refs: Refs::All,
        ..Learning::default()
    }
}

fn fresh() -> Ladder {
    Ladder::new(everything(), Policy::STD)
}

fn learnt(mut ladder: Ladder, story: &[UsageSample]) -> Ladder {
    for sample in story {
        // Stories hold flawed samples on purpose.
        let _ = ladder.learn(sample);
    }
    ladder
}
