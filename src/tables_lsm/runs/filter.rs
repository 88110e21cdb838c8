//! Bloom filters: which runs cannot hold a key.
//!
//! A fold reads a row before it writes it the first time, so most reads are of rows that do not
//! exist. A filter answers nearly all of them from memory, with ten bits per row. It holds only
//! rows of the kinds (first bytes of keys) that are read one by one: index entries are scanned and
//! never read by their whole key.

use std::sync::atomic::{AtomicBool, Ordering};

/// How many bits there are per row.
const BITS_PER_ROW: usize = 10;

const SET_PER_ROW: u32 = 6;

/// The bits of one row are within so many words, which the processor fetches together.
const WORDS_TOGETHER: usize = 8;

/// The first bytes of keys that were read one by one.
pub(super) struct KindsRead([AtomicBool; 256]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(pub(super) [u8; 32]);

/// Some rows of a run, by the hashes of their keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) kinds: Kinds,
    words: Vec<u64>,
}

impl Default for KindsRead {
    fn default() -> Self {
        Self([const { AtomicBool::new(false) }; 256])
    }
}

impl KindsRead {
    /// Notes a read of one key.
    pub(super) fn note(&self, key: &[u8]) {
        if let Some(&kind) = key.first() {
            let asked = &self.0[usize::from(kind)];
            // Loading first keeps the cache line shared between readers.
            if !asked.load(Ordering::Relaxed) {
                asked.store(true, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn kinds(&self) -> Kinds {
        let mut kinds = Kinds::default();
        for (kind, asked) in self.0.iter().enumerate() {
            if asked.load(Ordering::Relaxed) {
                kinds.0[kind / 8] |= 1 << (kind % 8);
            }
        }
        kinds
    }
}

impl Kinds {
    pub(super) fn has(&self, key: &[u8]) -> bool {
        key.first()
            .is_some_and(|&kind| self.0[usize::from(kind / 8)] & (1 << (kind % 8)) != 0)
    }
}

impl Filter {
    pub(super) fn new(kinds: Kinds, hashes: &[u32]) -> Self {
        let count = (BITS_PER_ROW * hashes.len()).div_ceil(64 * WORDS_TOGETHER);
        let mut words = vec![0; count * WORDS_TOGETHER];
        for &hash in hashes {
            for (word, bit) in places(hash, count) {
                words[word] |= bit;
            }
        }
        Self { kinds, words }
    }

    /// Whether the run may hold a row of this key.
    pub(super) fn admits(&self, key: &[u8], hash: u32) -> bool {
        if !self.kinds.has(key) {
            return true;
        }
        let count = self.words.len() / WORDS_TOGETHER;
        count > 0 && places(hash, count).all(|(word, bit)| self.words[word] & bit != 0)
    }

    pub(super) fn write_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.kinds.0);
        for word in &self.words {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
    }

    /// Reads what [`Filter::write_to`] wrote.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (kinds, words) = bytes.split_first_chunk()?;
        let (words, rest) = words.as_chunks();
        let is_whole = rest.is_empty() && words.len().is_multiple_of(WORDS_TOGETHER);
        is_whole.then(|| Self {
            kinds: Kinds(*kinds),
            words: words.iter().map(|word| u64::from_le_bytes(*word)).collect(),
        })
    }
}

/// By which a filter knows a key.
pub(super) fn hash(key: &[u8]) -> u32 {
    crc32c::crc32c(key)
}

/// The words and bits of a hash in a filter of `count` groups of words, which is not 0.
fn places(hash: u32, count: usize) -> impl Iterator<Item = (usize, u64)> {
    // A checksum is spread evenly in its whole width, not in a few of its bits.
    let mixed = (u64::from(hash) | 1 << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let group = (((mixed >> 32) * count as u64) >> 32) as usize;
    let mut bits = mixed ^ (mixed >> 29);
    (0..SET_PER_ROW).map(move |_| {
        let place = (bits & 0x1ff) as usize;
        bits = bits.rotate_right(9);
        (group * WORDS_TOGETHER + place / 64, 1 << (place % 64))
    })
}
