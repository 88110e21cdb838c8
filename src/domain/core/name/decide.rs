//! What a name may do: be taken by one thing at a time.

use jiff::Timestamp;
use thiserror::Error;

use super::{NameEvent, Released, Taken};
use crate::{Aggregate, History};

/// Who is called so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Name {
    by: Option<u64>,
}

/// Commands to a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameCommand {
    /// Call something so.
    Take(Taken),
    /// Release the name. An owner without this name releases nothing.
    Release {
        /// The number of the thing.
        by: u64,
        at: Timestamp,
    },
}

/// Rejections of these commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameRejection {
    /// Another is called so.
    #[error("the name is already used by number {by}")]
    Taken {
        /// The number of the other.
        by: u64,
    },
}

impl Name {
    /// The key of a name's stream. A digest, because a name may be longer than a key and hold what
    /// none may.
    #[must_use]
    pub fn key(kind: &str, name: &str) -> String {
        format!("{kind}:{}", blake3::hash(name.as_bytes()).to_hex())
    }

    /// The number of the thing that is called so.
    #[must_use]
    pub fn by(&self) -> Option<u64> {
        self.by
    }
}

impl Aggregate for Name {
    const CATEGORY: &'static str = "name";
    const HISTORY: History = History::Last;
    type Command = NameCommand;
    type Event = NameEvent;
    type Rejection = NameRejection;

    fn decide(&self, command: NameCommand) -> Result<Vec<NameEvent>, NameRejection> {
        use NameCommand as C;
        use NameEvent as E;

        Ok(match (self.by, command) {
            // Repeated.
            (Some(by), C::Take(data)) if data.by == by => vec![],
            (known, C::Release { by, .. }) if known != Some(by) => vec![],

            // Allowed.
            (None, C::Take(data)) => vec![E::Taken(data)],
            (_, C::Release { by, at }) => vec![E::Released(Released { by, at })],

            // Refused.
            (Some(by), C::Take(_)) => return Err(NameRejection::Taken { by }),
        })
    }

    fn evolve(&mut self, event: &NameEvent) {
        self.by = match event {
            NameEvent::Taken(data) => Some(data.by),
            NameEvent::Released(_) => None,
        };
    }
}

#[cfg(test)]
mod tests;
