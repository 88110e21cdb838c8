//! What holds for every record, whatever its fields are.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::laws;
use super::stories::at;
use crate::jobs::schedule::{IntervalUnit, Window};
use crate::{LongText, PasswordHash, Record, Sealed};

/// What tests know of a record.
pub(crate) trait Sampled:
    Record<Event: Debug + PartialEq, Rejection: PartialEq, Command: Debug + PartialEq>
    + Debug
    + PartialEq
{
    const UNKNOWN: Self::Rejection;
    const ALREADY_CREATED: Self::Rejection;

    /// Facts that may be created. Those of different varieties differ in what can be edited.
    fn sample(variety: u8) -> Self::Facts;

    /// Every command there is, each with values of a variety: one for each field that can be
    /// edited.
    fn commands() -> Vec<fn(u8) -> Self::Command>;
}

/// A value of one of few varieties, so that commands repeat each other.
pub(crate) trait Sample {
    fn sample(variety: u8) -> Self;
}

impl Sample for bool {
    fn sample(variety: u8) -> Self {
        variety % 2 == 1
    }
}

impl Sample for u32 {
    fn sample(variety: u8) -> Self {
        u32::from(variety) + 1
    }
}

impl Sample for u64 {
    fn sample(variety: u8) -> Self {
        u64::from(variety) + 2
    }
}

impl Sample for String {
    fn sample(variety: u8) -> Self {
        // Names, keys and cron expressions: some kinds take only some of them.
        ["zero", "one", "@daily", "@hourly"][usize::from(variety % 4)].to_owned()
    }
}

impl Sample for LongText {
    fn sample(variety: u8) -> Self {
        Self::Inline(String::sample(variety))
    }
}

impl Sample for Sealed {
    fn sample(variety: u8) -> Self {
        Self::new(format!("sealed:v1:{}{variety}", "a".repeat(40))).unwrap()
    }
}

impl Sample for PasswordHash {
    fn sample(variety: u8) -> Self {
        Self::new(format!(
            "$argon2id$v=19$m=1,t=1,p=1$salt-{variety:04}$0123456789abcdef"
        ))
        .unwrap()
    }
}

impl Sample for IntervalUnit {
    fn sample(variety: u8) -> Self {
        [Self::Minute, Self::Hour, Self::Day, Self::Month][usize::from(variety % 4)]
    }
}

impl Sample for Window {
    fn sample(variety: u8) -> Self {
        let time = |hour: u8| jiff::civil::time(hour as i8, 0, 0, 0);
        Self {
            from: time(variety % 20),
            until: time(variety % 20 + 3),
        }
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(variety: u8) -> Self {
        (!variety.is_multiple_of(3)).then(|| T::sample(variety))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(variety: u8) -> Self {
        (0..variety % 3).map(T::sample).collect()
    }
}

/// Commands as they might come.
fn story<R: Sampled>() -> impl Strategy<Value = Vec<R::Command>> {
    let commands = R::commands();
    let command = (0..commands.len(), 0..4_u8);
    let command = command.prop_map(move |(index, variety)| commands[index](variety));
    prop::collection::vec(command, 0..40)
}

/// One that was created, and what was done with it since.
fn alive<R: Sampled>() -> impl Strategy<Value = R> {
    story::<R>().prop_map(|story| {
        let mut record = R::default();
        laws::tell(&mut record, [R::create(R::sample(0))]);
        laws::tell(&mut record, story);
        record
    })
}

fn check<S: Strategy<Value: Debug>>(strategy: S, law: impl Fn(S::Value)) {
    TestRunner::default()
        .run(&strategy, |value| {
            law(value);
            Ok(())
        })
        .unwrap();
}

pub(crate) fn it_is_created_once<R: Sampled>() {
    let facts = R::sample(0);
    let mut record = R::default();
    for command in &R::commands()[1..] {
        let refused = record.decide(command(0));
        assert_eq!(refused, Err(R::UNKNOWN), "before it was created");
    }
    let created = record.decide(R::create(facts.clone())).unwrap();
    assert_eq!(created.len(), 1);
    assert_eq!(R::created(&created[0]), Some(&facts));
    record.evolve(&created[0]);
    assert_eq!(Record::facts(&record), Some(&facts));
    assert_eq!(record.decide(R::create(facts)), Ok(vec![]), "repeated");
    let other = record.decide(R::create(R::sample(1)));
    assert_eq!(other, Err(R::ALREADY_CREATED));
}

pub(crate) fn a_repeated_command_adds_nothing<R: Sampled>() {
    check(story::<R>(), laws::saying_twice_adds_nothing::<R>);
}

pub(crate) fn a_replay_leads_to_the_same_state<R: Sampled>() {
    check(
        story::<R>(),
        laws::history_tells_the_same_as_the_decisions::<R>,
    );
}

pub(crate) fn an_event_follows_exactly_when_facts_change<R: Sampled>() {
    let mut effective = vec![false; R::commands().len()];
    let mut record = R::default();
    laws::tell(&mut record, [R::create(R::sample(0))]);
    // There and back, forwards and backwards: each command does something in one of these rounds.
    for (variety, backwards) in [(1, false), (2, false), (0, false), (2, true), (1, true)] {
        let mut commands: Vec<_> = R::commands().into_iter().enumerate().skip(1).collect();
        if backwards {
            commands.reverse();
        }
        for (index, command) in commands {
            effective[index] |= facts_change::<R>(&mut record, &command(variety));
        }
    }
    let idle = effective.iter().skip(1).position(|effective| !effective);
    assert_eq!(idle, None, "a command that never does anything");
    check((alive::<R>(), story::<R>()), |(mut record, story)| {
        for command in story {
            facts_change::<R>(&mut record, &command);
        }
    });
}

/// Whether a command changed anything.
fn facts_change<R: Sampled>(record: &mut R, command: &R::Command) -> bool {
    let before = Record::facts(record).cloned();
    let Ok(events) = record.decide(command.clone()) else {
        return false;
    };
    assert!(events.len() <= 1, "{command:?} leads to {events:?}");
    for event in &events {
        record.evolve(event);
    }
    let changed = before.as_ref() != Record::facts(record);
    assert_eq!(changed, !events.is_empty(), "{command:?}");
    changed
}

pub(crate) fn commands_lead_from_any_facts_to_any_others<R: Sampled>() {
    check((alive::<R>(), alive::<R>()), |(mut record, other)| {
        let before = Record::facts(&record).cloned().unwrap();
        let after = Record::facts(&other).cloned().unwrap();
        for command in R::towards(&before, &after, at(2)) {
            for event in record.decide(command).unwrap() {
                record.evolve(&event);
            }
        }
        assert_eq!(Record::facts(&record), Some(&after));
    });
}
