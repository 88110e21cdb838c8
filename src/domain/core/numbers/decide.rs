//! What a counter may do: give out the next numbers, each once.

use jiff::Timestamp;
use thiserror::Error;

use super::{NumbersEvent, Taken};
use crate::{Aggregate, History};

/// The last number that was given out; the first is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    last: u64,
}

/// Commands to a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumbersCommand {
    /// Give out the next numbers.
    Take {
        /// How many, up to [`Numbers::TAKE_MAX`].
        count: u64,
        at: Timestamp,
    },
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NumbersRejection {
    /// Too many numbers at once.
    #[error("{count} numbers at once are more than {max}")]
    TooMany {
        /// How many were requested.
        count: u64,
        /// How many there may be.
        max: u64,
    },
    /// Old clients read a number into 64 bits with a sign.
    #[error("no numbers left")]
    UsedUp,
}

impl Numbers {
    /// The most numbers that are given out at once.
    pub const TAKE_MAX: u64 = 1_000_000;

    /// The largest number there is.
    pub const NUMBER_MAX: u64 = i64::MAX as u64;

    /// The number that will be given out next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.last.saturating_add(1)
    }
}

impl Aggregate for Numbers {
    const CATEGORY: &'static str = "numbers";
    const HISTORY: History = History::Last;
    type Command = NumbersCommand;
    type Event = NumbersEvent;
    type Rejection = NumbersRejection;

    fn decide(&self, command: NumbersCommand) -> Result<Vec<NumbersEvent>, NumbersRejection> {
        use NumbersCommand as C;
        use NumbersRejection as R;

        let max = Self::TAKE_MAX;
        let left = Self::NUMBER_MAX.saturating_sub(self.last);
        Ok(match command {
            // Impossible.
            C::Take { count, .. } if count > max => return Err(R::TooMany { count, max }),
            C::Take { count, .. } if count > left => return Err(R::UsedUp),

            // None are taken.
            C::Take { count: 0, .. } => vec![],

            // Allowed.
            C::Take { count, at } => {
                let first = self.last + 1;
                vec![NumbersEvent::Taken(Taken { first, count, at })]
            }
        })
    }

    fn evolve(&mut self, event: &NumbersEvent) {
        match event {
            NumbersEvent::Taken(taken) => self.last = self.last.max(taken.last()),
        }
    }
}

impl Taken {
    /// The last of them.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.count).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests;
