//! Short names for long combinations of fields.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The name of a combination of fields: 128 bits of a cryptographic hash, so that memory does not
/// grow with the length of variants and no two combinations can be made to collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Key([u8; 16]);

/// Things by key. It is only ever looked into, or sorted before it is walked: the order of a hash
/// table must not reach an answer or a snapshot.
pub(crate) type KeyMap<V> = HashMap<Key, V>;

/// Collects fields for one key. Every field is prefixed by its length, so that `a`, `bc` is not
/// `ab`, `c`.
pub(crate) struct KeyFields(Vec<u8>);

impl KeyFields {
    /// Starts a key of one kind, such as a level of a strategy.
    pub(crate) fn of_kind(kind: u8) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.push(kind);
        Self(bytes)
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.extend((text.len() as u64).to_le_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    pub(crate) fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    pub(crate) fn key(self) -> Key {
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::hash(&self.0).as_bytes()[..16]);
        Key(key)
    }
}
