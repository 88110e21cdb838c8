//! Names of streams as numbers, for what is kept in memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use eventlog::StreamName;

/// The name of a stream as 128 bits of a keyed hash.
///
/// Two names that meet would be taken for one stream. The keys are drawn anew in every process, so nobody
/// outside can look for such names, and by chance none will be found.
pub(crate) type StreamKey = u128;

/// A map by stream.
pub(crate) type StreamMap<V> = HashMap<StreamKey, V, BuildHasherDefault<Folded>>;

/// Makes keys.
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
