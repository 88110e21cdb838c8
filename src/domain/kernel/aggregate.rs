//! How one thing decides.

use crate::{Event, EventKind};

/// A thing with a history of its own, kept in one stream.
///
/// `decide` may refuse. `evolve` may not: its event has already happened. State holds only what
/// `decide` needs; what users read belongs in a projection.
pub trait Aggregate: Clone + Default + Send + Sync + 'static {
    const CATEGORY: &'static str;
    /// How much of its past its state is made of.
    const HISTORY: History = History::Whole;
    type Command: Clone + Send + Sync + 'static;
    /// What may have happened to it.
    type Event: EventKind;
    type Rejection: std::error::Error + Send + Sync + 'static;

    /// The events of a command. A repeated command has none: old clients retry, and repeating a
    /// history adds nothing.
    ///
    /// # Errors
    /// When the command makes no sense in this state.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Takes note of what has happened.
    fn evolve(&mut self, event: &Self::Event);

    /// This aggregate's own event, if the event is one.
    #[must_use]
    fn event_of(event: Event) -> Option<Self::Event> {
        Self::Event::of(event)
    }

    /// How much of the past this command needs.
    #[must_use]
    fn history_for(_command: &Self::Command) -> History {
        Self::HISTORY
    }
}

/// How much of a stream has to be read before a decision, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum History {
    /// None of it: the decision is the same in every state. It is appended whatever the stream
    /// holds.
    Nothing,
    /// The last event is enough. A counter that had to be folded from its first number would get
    /// slower with every number.
    Last,
    /// All of it, from the first event on.
    Whole,
}
