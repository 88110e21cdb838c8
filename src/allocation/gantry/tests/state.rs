use proptest::prelude::*;

use crate::testing::{any_sample, any_story, build};
use crate::{Gantry, Refs, SnapshotError, UsageSample};

proptest! {
    #[test]
    fn a_snapshot_and_the_tail_equal_a_full_replay(story in any_story(60), cut in 0..60usize) {
        let (head, tail) = story.split_at(cut.min(story.len()));
        let whole = learnt(Gantry::new(Refs::All), &story);
        let snapshot = learnt(Gantry::new(Refs::All), head).snapshot();
        let resumed = learnt(Gantry::restore(Refs::All, &snapshot).unwrap(), tail);
        prop_assert_eq!(resumed.snapshot(), whole.snapshot());
        for sample in &story {
            prop_assert_eq!(resumed.answer(&sample.spec), whole.answer(&sample.spec));
        }
    }

    #[test]
    fn a_flawed_sample_changes_nothing(story in any_story(10), mut sample in any_sample()) {
        let mut gantry = learnt(Gantry::new(Refs::All), &story);
        let before = gantry.snapshot();
        sample.seconds = -1.0;
        prop_assert!(gantry.learn(&sample).is_err());
        prop_assert_eq!(gantry.snapshot(), before);
    }

    #[test]
    fn no_bytes_make_restoring_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(Gantry::restore(Refs::All, &bytes).is_err());
    }
}

#[test]
fn a_snapshot_that_is_damaged_or_of_other_settings_is_refused() {
    let mut snapshot = Gantry::new(Refs::All).snapshot();
    assert_eq!(
        Gantry::restore(Refs::default(), &snapshot).unwrap_err(),
        SnapshotError::OtherSettings
    );
    *snapshot.last_mut().unwrap() ^= 1;
    assert_eq!(
        Gantry::restore(Refs::All, &snapshot).unwrap_err(),
        SnapshotError::Damaged
    );
    snapshot[16] ^= 1;
    let error = Gantry::restore(Refs::All, &snapshot)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "the snapshot holds `gantry v0`, not `gantry v1`");
}

#[test]
fn memory_does_not_grow_with_builds_of_the_same_spec() {
    let history = |builds: u64| {
        let story: Vec<_> = (0..builds)
            .map(|end| build(1_000_000 + end, "p@1 +x arch=a%gcc@12", 1.0, 1e9))
            .collect();
        learnt(Gantry::new(Refs::All), &story).snapshot().len()
    };
    // Counters are varints, so a few bytes of difference are not growth.
    assert!(history(5000) < history(50) + 64);
}

fn learnt(mut gantry: Gantry, story: &[UsageSample]) -> Gantry {
    for sample in story {
        // Stories hold flawed samples on purpose.
        let _ = gantry.learn(sample);
    }
    gantry
}
