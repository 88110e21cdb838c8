use proptest::prelude::*;

use super::*;
use crate::StrategySettings;
use crate::testing::any_story;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Also when the tail overlaps the snapshot: a replay may begin too early, never too late.
    #[test]
    fn a_snapshot_and_the_tail_are_a_full_replay(
        story in any_story(40),
        (cut, overlap) in (0..40usize, 0..10usize),
        strategy in prop_oneof![Just("gantry"), Just("ladder")],
        after in 0..10u64,
    ) {
        let story = numbered(story);
        let mut training = Training::on_everything(StrategySettings::named(strategy).unwrap());
        training.after = after;
        let cut = cut.min(story.len());
        let whole = shown(Model::new(training.clone()), &story);
        let head = shown(Model::new(training.clone()), &story[..cut]);
        let resumed = Model::restore(training, head.progress(), &head.snapshot()).unwrap();
        let resumed = shown(resumed, &story[cut.saturating_sub(overlap)..]);
        prop_assert_eq!(resumed.digest(), whole.digest());
        prop_assert_eq!(resumed.progress(), whole.progress());
        for sample in &story {
            prop_assert_eq!(resumed.answer(&sample.spec, None), whole.answer(&sample.spec, None));
        }
    }
}

fn numbered(mut story: Vec<UsageSample>) -> Vec<UsageSample> {
    for (position, sample) in (1..).zip(&mut story) {
        sample.position = position;
    }
    story
}

fn shown(mut model: Model, story: &[UsageSample]) -> Model {
    for sample in story {
        model.learn(sample);
    }
    model
}
