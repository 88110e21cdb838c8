//! A decider's test in three steps: given these events, when this command comes, then these events
//! follow.
//!
//! ```
//! use domain::numbers::{Numbers, NumbersCommand as C, NumbersEvent, Taken};
//! use domain::testing::given;
//!
//! let at = jiff::Timestamp::UNIX_EPOCH;
//! given::<Numbers>([NumbersEvent::Taken(Taken { first: 1, count: 3, at })])
//!     .when(C::Take { count: 1, at })
//!     .then([NumbersEvent::Taken(Taken { first: 4, count: 1, at })]);
//! ```

use std::fmt::Debug;

use crate::Aggregate;

#[cfg(test)]
pub(crate) mod laws;
#[cfg(test)]
pub(crate) mod records;
#[cfg(test)]
pub(crate) mod stories;

/// A thing with a past.
#[derive(Clone, Debug)]
#[must_use = "a past alone tests nothing"]
pub struct Given<A: Aggregate>(A);

/// What came of a command.
#[derive(Clone, Debug)]
#[must_use = "say what follows"]
pub struct When<A: Aggregate>(Result<Vec<A::Event>, A::Rejection>);

/// A thing to which this has happened.
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    let mut state = A::default();
    for event in events {
        state.evolve(&event);
    }
    Given(state)
}

impl<A: Aggregate> Given<A> {
    /// Gives it a command.
    pub fn when(&self, command: A::Command) -> When<A> {
        When(self.0.decide(command))
    }
}

impl<A: Aggregate> When<A>
where
    A::Event: Debug + PartialEq,
    A::Rejection: PartialEq,
{
    /// This follows, and nothing else.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn then(self, events: impl IntoIterator<Item = A::Event>) {
        assert_eq!(self.0, Ok(events.into_iter().collect()));
    }

    /// Nothing follows: it was repeated.
    ///
    /// # Panics
    /// When something does.
    #[track_caller]
    pub fn then_nothing(self) {
        self.then([]);
    }

    /// It is refused.
    ///
    /// # Panics
    /// When it is not, or for another reason.
    #[track_caller]
    pub fn then_refuses(self, rejection: A::Rejection) {
        assert_eq!(self.0, Err(rejection));
    }
}
