//! Ids of events.

use uuid::{Uuid, uuid};

/// Where the ids of this app are made from other people's names.
const NAMESPACE: Uuid = uuid!("0d4a5a58-6b53-5c2b-9c1b-1f4c7a6f2f0e");

/// The id of the event for a foreign name: the same name always gives the same id, so that a
/// repeated delivery is recognised. The namespace names the sender.
#[must_use]
pub fn event_id(namespace: &str, key: &str) -> Uuid {
    // One after the other, so that no two pairs of texts run together into the same bytes.
    let namespace = Uuid::new_v5(&NAMESPACE, namespace.as_bytes());
    Uuid::new_v5(&namespace, key.as_bytes())
}

/// The ids of a command's events: the first is given, the others follow from it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ids {
    Random,
    From(Uuid),
}

impl Ids {
    /// The id of the event with this number, from 0.
    pub(crate) fn of(self, number: usize) -> Uuid {
        match self {
            Self::Random => Uuid::now_v7(),
            Self::From(id) if number == 0 => id,
            Self::From(id) => Uuid::new_v5(&id, &(number as u64).to_be_bytes()),
        }
    }

    /// Whether the event with this number has this id, in any telling of the same command.
    pub(crate) fn is(self, id: Uuid, number: usize) -> bool {
        matches!(self, Self::From(_)) && self.of(number) == id
    }
}

#[cfg(test)]
mod tests;
