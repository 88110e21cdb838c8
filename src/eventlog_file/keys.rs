//! Names of streams as numbers, and maps by them and by ids, for what is kept in memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use eventlog::StreamName;
use uuid::Uuid;

use crate::bytes_at::u64_at;

/// The name of a stream as 128 bits of a keyed hash.
///
/// Two names with the same hash would count as one stream. The keys are random in every process, so
/// no client can search for such names, and a collision by chance is negligible.
pub(crate) type StreamKey = u128;

pub(crate) type StreamMap<V> = HashMap<StreamKey, V, BuildHasherDefault<Folded>>;

pub(crate) type IdMap<V> = HashMap<Uuid, V, KeyedState>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    low: RandomState,
    high: RandomState,
}

impl Keys {
    pub(crate) fn of(&self, stream: &StreamName) -> StreamKey {
        self.of_bytes(stream.as_str().as_bytes())
    }

    pub(crate) fn of_bytes(&self, name: &[u8]) -> StreamKey {
        u128::from(self.high.hash_one(name)) << 64 | u128::from(self.low.hash_one(name))
    }
}

/// A key is a hash already.
#[derive(Default)]
pub(crate) struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// Hashes ids: two words and two secret ones, multiplied and folded. Ids come from outside, and
/// without the secret no client can choose many that collide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedState {
    low: u64,
    high: u64,
}

impl Default for KeyedState {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            low: random.hash_one(1),
            high: random.hash_one(2),
        }
    }
}

impl BuildHasher for KeyedState {
    type Hasher = KeyedHasher;

    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher {
            state: *self,
            hash: 0,
        }
    }
}

/// See [`KeyedState`].
pub(crate) struct KeyedHasher {
    state: KeyedState,
    hash: u64,
}

impl Hasher for KeyedHasher {
    fn finish(&self) -> u64 {
        self.hash
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(16) {
            let mut words = [0; 16];
            words[..chunk.len()].copy_from_slice(chunk);
            let low = u64_at(&words, 0) ^ self.state.low ^ self.hash;
            let high = u64_at(&words, 8) ^ self.state.high;
            let product = u128::from(low) * u128::from(high);
            self.hash = product as u64 ^ (product >> 64) as u64;
        }
    }

    fn write_usize(&mut self, _length: usize) {
        // All ids have one length.
    }
}
