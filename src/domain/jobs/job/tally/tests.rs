use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use JobEvent as E;

#[test]
fn failures_in_a_row_are_counted_and_end_with_the_first_success() {
    let fail = |run, fails, too_many| counted(run, Some(false), fails, too_many);
    given::<Tally>([])
        .when(count(1, Some(false)))
        .then([fail(1, 1, false)]);
    let tally = given::<Tally>([fail(4, 3, false)]);
    tally.when(count(5, Some(false))).then([fail(5, 4, true)]);
    tally
        .when(count(5, Some(true)))
        .then([counted(5, Some(true), 0, false)]);
    tally
        .when(count(5, None))
        .then([counted(5, None, 0, false)]);
    tally.when(count(4, Some(false))).then_nothing();
}

#[test]
fn the_last_event_is_enough() {
    let mut tally = Tally::default();
    assert_eq!(
        (tally.fails(), tally.last_completed_schedule_id()),
        (0, None)
    );
    tally.evolve(&counted(4, Some(false), 3, false));
    assert_eq!(
        (tally.fails(), tally.last_completed_schedule_id()),
        (3, Some(104))
    );
}

proptest! {
    #[test]
    fn a_tallys_history_equals_its_decisions(runs in story((1..5_u64, any::<Option<bool>>()))) {
        let story: Vec<_> = runs.into_iter().map(|(run, success)| count(run, success)).collect();
        laws::saying_twice_adds_nothing::<Tally>(story.clone());
        laws::history_tells_the_same_as_the_decisions::<Tally>(story);
    }
}

fn count(run: u64, success: Option<bool>) -> TallyCommand {
    TallyCommand::Count {
        run,
        schedule_id: run + 100,
        success,
        fails_max: Some(3),
        at: at(run as i64),
    }
}

fn counted(run: u64, success: Option<bool>, fails: u32, too_many: bool) -> E {
    E::RunCounted(RunCounted {
        run,
        schedule_id: run + 100,
        success,
        fails,
        too_many,
        at: at(run as i64),
    })
}
