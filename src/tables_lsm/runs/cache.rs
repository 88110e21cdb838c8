//! The blocks that were read last, within a fixed number of bytes.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::Mutex;

/// The memory of a cached block apart from its bytes.
const ENTRY_BYTES: usize = 112;

/// A run, and where the block begins in it.
type Place = (u64, u64);

/// The blocks that were read last.
///
/// Two halves: a block that is read goes into the newer one; when that is full, the older one is
/// dropped and the newer one takes its place. So a block that is read again before the newer half
/// is full stays.
pub(crate) struct Cache {
    half_bytes: usize,
    halves: Mutex<Halves>,
}

#[derive(Default)]
struct Halves {
    newer: HashMap<Place, Bytes>,
    newer_bytes: usize,
    older: HashMap<Place, Bytes>,
}

impl Cache {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            half_bytes: usize::try_from(bytes / 2).unwrap_or(usize::MAX),
            halves: Mutex::default(),
        }
    }

    pub(super) fn get(&self, place: Place) -> Option<Bytes> {
        let mut halves = self.halves.lock();
        if let Some(block) = halves.newer.get(&place) {
            return Some(block.clone());
        }
        let block = halves.older.remove(&place)?;
        self.put_into(&mut halves, place, block.clone());
        Some(block)
    }

    pub(super) fn put(&self, place: Place, block: Bytes) {
        self.put_into(&mut self.halves.lock(), place, block);
    }

    fn put_into(&self, halves: &mut Halves, place: Place, block: Bytes) {
        let bytes = block.len() + ENTRY_BYTES;
        if bytes > self.half_bytes {
            return;
        }
        if halves.newer_bytes + bytes > self.half_bytes {
            halves.older = std::mem::take(&mut halves.newer);
            halves.newer_bytes = 0;
        }
        if halves.newer.insert(place, block).is_none() {
            halves.newer_bytes += bytes;
        }
    }
}
