use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn silent(second: i64) -> SilenceCommand {
    SilenceCommand::NoteSilence {
        remind_after: HOUR,
        at: at(second),
    }
}

fn answers(second: i64) -> SilenceCommand {
    SilenceCommand::NoteAnswer { at: at(second) }
}

fn fell(second: i64) -> WorkerPoolEvent {
    WorkerPoolEvent::FellSilent(FellSilent { at: at(second) })
}

fn stayed(since: i64, second: i64) -> WorkerPoolEvent {
    let (since, at) = (at(since), at(second));
    WorkerPoolEvent::StayedSilent(StayedSilent { since, at })
}

#[test]
fn silence_is_news_once_and_then_a_reminder_now_and_then() {
    given::<Silence>([]).when(silent(0)).then([fell(0)]);
    let past = given::<Silence>([fell(0)]);
    past.when(silent(3599)).then_nothing();
    past.when(silent(3600)).then([stayed(0, 3600)]);
    let past = given::<Silence>([stayed(0, 3600)]);
    past.when(silent(7199)).then_nothing();
    past.when(silent(7200)).then([stayed(0, 7200)]);
}

#[test]
fn an_answer_ends_a_silence_once() {
    given::<Silence>([]).when(answers(5)).then_nothing();
    let (since, at) = (at(0), at(5));
    given::<Silence>([stayed(0, 3)])
        .when(answers(5))
        .then([WorkerPoolEvent::Answered(Answered { since, at })]);
    let answered = WorkerPoolEvent::Answered(Answered { since, at });
    let past = given::<Silence>([fell(0), answered]);
    past.when(answers(6)).then_nothing();
    past.when(silent(6)).then([fell(6)]);
}

proptest! {
    #[test]
    fn a_repeated_command_about_silence_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<Silence>(story);
    }

    #[test]
    fn the_history_of_a_silence_equals_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<Silence>(story);
    }
}

fn command() -> impl Strategy<Value = SilenceCommand> {
    prop_oneof![
        (0..20_000_i64).prop_map(silent),
        (0..20_000_i64).prop_map(answers),
    ]
}
