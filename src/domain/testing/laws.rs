//! What holds for every aggregate, whatever it is about.

use std::fmt::Debug;

use crate::{Aggregate, Event};

/// Runs a story: every command is decided in order, and its events are applied. Returns the events,
/// and the commands that had any.
pub(crate) fn tell<A: Aggregate>(
    state: &mut A,
    story: impl IntoIterator<Item = A::Command>,
) -> (Vec<A::Event>, Vec<A::Command>) {
    let (mut events, mut told) = (Vec::new(), Vec::new());
    for command in story {
        let Ok(decided) = state.decide(command.clone()) else {
            continue;
        };
        if !decided.is_empty() {
            told.push(command);
        }
        for event in decided {
            state.evolve(&event);
            events.push(event);
        }
    }
    (events, told)
}

/// No command of a story adds anything when it is repeated at once.
pub(crate) fn saying_twice_adds_nothing<A: Aggregate>(story: Vec<A::Command>)
where
    A::Event: Debug + PartialEq,
{
    let mut state = A::default();
    for command in story {
        if tell(&mut state, [command.clone()]).1.is_empty() {
            continue;
        }
        let again = state.decide(command).expect("what was done is not refused");
        assert_eq!(again, [], "said twice in a row");
    }
}

/// Repeating a story adds nothing, and neither does repeating one of its commands at once.
///
/// For stories in which nothing is set to one value, then to another: there the second telling is
/// news.
pub(crate) fn telling_twice_adds_nothing<A: Aggregate>(story: Vec<A::Command>)
where
    A::Event: Debug + PartialEq,
{
    saying_twice_adds_nothing::<A>(story.clone());
    let mut state = A::default();
    let (_, told) = tell(&mut state, story);
    let (again, _) = tell(&mut state, told);
    assert_eq!(again, [], "told twice");
}

/// What is decided can be written and read back, and a fold of the log gives the same state as the
/// decider's.
pub(crate) fn history_tells_the_same_as_the_decisions<A>(story: Vec<A::Command>)
where
    A: Aggregate + Debug + PartialEq,
    A::Event: Debug + PartialEq,
{
    let mut decided = A::default();
    let (events, _) = tell(&mut decided, story);
    let mut folded = A::default();
    for event in events {
        let joined: Event = event.clone().into();
        assert_eq!(joined.category(), A::CATEGORY);
        let encoded = joined.encode();
        let read = Event::decode(encoded.event_type, encoded.version, &encoded.data);
        assert_eq!(read.as_ref(), Ok(&joined));
        let own = read
            .ok()
            .and_then(A::event_of)
            .expect("an aggregate knows its own events");
        assert_eq!(own, event);
        folded.evolve(&own);
    }
    assert_eq!(folded, decided);
}
