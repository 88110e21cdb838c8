use proptest::prelude::*;

use super::*;
use crate::testing::laws;
use crate::testing::stories::{answers_command, story};

proptest! {
    #[test]
    fn answers_are_recorded_as_they_are_or_refused(story in story(answers_command())) {
        for AnswersCommand::Record(data) in story.clone() {
            let finite = data.cpu_request.is_finite() && data.memory_request.is_finite();
            let decided = Answers.decide(AnswersCommand::Record(data.clone()));
            prop_assert_eq!(decided.is_ok(), finite);
            if let Ok(events) = decided {
                prop_assert_eq!(events, vec![AllocationEvent::Answered(data)]);
            }
        }
        laws::history_tells_the_same_as_the_decisions::<Answers>(story);
    }
}
