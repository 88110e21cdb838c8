//! Rows of one kind of record: its facts, and the position of its last event.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind::Kept;
use super::{Roster, key, number_of};
use crate::engine::loading::each;
use crate::engine::stored::time;
use crate::engine::{Envelope, Rows};

/// The facts of a record, and the position of its last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<F> {
    /// Its current facts. `at` is when it was created.
    pub facts: F,
    /// The last event about it.
    pub position: Position,
    /// When the log took that.
    pub updated_at: Timestamp,
}

/// A row as it is written. Facts are written as the log writes them, where fields that are not spoken of are
/// left out; and a [`Row`] itself cannot be written anywhere, because it may hold a password's hash.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored<F> {
    #[serde(
        with = "as_json",
        bound(
            serialize = "F: Serialize",
            deserialize = "F: serde::de::DeserializeOwned"
        )
    )]
    facts: F,
    position: Position,
    #[serde(with = "time")]
    updated_at: Timestamp,
}

impl<F> From<Stored<F>> for Row<F> {
    fn from(stored: Stored<F>) -> Self {
        Self {
            facts: stored.facts,
            position: stored.position,
            updated_at: stored.updated_at,
        }
    }
}

impl<F> From<Row<F>> for Stored<F> {
    fn from(row: Row<F>) -> Self {
        Self {
            facts: row.facts,
            position: row.position,
            updated_at: row.updated_at,
        }
    }
}

/// Those that changed since the last flush.
pub(super) struct Ledger<K: Kept> {
    held: BTreeMap<u64, Row<K::Held>>,
}

impl<K: Kept> Default for Ledger<K> {
    fn default() -> Self {
        Self {
            held: BTreeMap::new(),
        }
    }
}

impl<K: Kept> Ledger<K> {
    /// Takes note of an event. What speaks of something that never began changes nothing.
    pub(super) fn apply(&mut self, event: &K::Event, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        let Ok(number) = envelope.stream.key().parse::<u64>() else {
            return;
        };
        let (position, updated_at) = (envelope.position, envelope.recorded_at);
        if let Some(facts) = K::held(event, position) {
            let row = Row {
                facts,
                position,
                updated_at,
            };
            self.held.insert(number, row);
            return;
        }
        let row = match self.held.entry(number) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(place) => {
                let Some(stored) = rows.get::<Stored<K::Held>>(&key(K::PREFIX, number)) else {
                    return;
                };
                place.insert(stored.into())
            }
        };
        K::follow(&mut row.facts, event, position);
        (row.position, row.updated_at) = (position, updated_at);
    }

    /// Writes down what is held, and returns it.
    pub(super) fn flush(&mut self, rows: &mut Rows<'_>) -> BTreeMap<u64, Row<K::Held>> {
        let held = std::mem::take(&mut self.held);
        for (number, row) in &held {
            rows.put(key(K::PREFIX, *number), &Stored::from(row.clone()));
        }
        held
    }
}

/// Puts all stored records of a kind into memory.
pub(super) fn load<K: Kept>(roster: &mut Roster, rows: &mut Rows<'_>) {
    each(K::PREFIX, rows, |key, row: Stored<K::Held>, _| {
        if let Some(number) = number_of(key) {
            K::put(roster, (&number, &row.into()));
        }
    });
}

mod as_json {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<F: Serialize, S: Serializer>(
        facts: &F,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let json = serde_json::to_string(facts).map_err(S::Error::custom)?;
        json.serialize(to)
    }

    pub(super) fn deserialize<'de, F: DeserializeOwned, D: Deserializer<'de>>(
        from: D,
    ) -> Result<F, D::Error> {
        let json = <&str>::deserialize(from)?;
        serde_json::from_str(json).map_err(D::Error::custom)
    }
}
