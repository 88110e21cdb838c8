//! Excludes most keys that are not in the segment.

use crate::bytes_at::u64_at;

/// A block is a line of the processor's cache: a question costs one miss.
const BLOCK_BYTES: usize = 64;
const BLOCK_WORDS: usize = BLOCK_BYTES / 8;
const BITS_PER_KEY: usize = 10;
/// How many bits a key sets in its block.
const PROBES: u32 = 6;

/// A blocked Bloom filter of 10 bits a key: about one in a hundred keys that are not there passes.
#[derive(Debug)]
pub(crate) struct Filter {
    words: Box<[u64]>,
}

impl Filter {
    /// A filter of these hashes.
    pub(crate) fn of(hashes: impl ExactSizeIterator<Item = u64>) -> Self {
        let blocks = (hashes.len() * BITS_PER_KEY).div_ceil(BLOCK_BYTES * 8);
        let mut words = vec![0; blocks * BLOCK_WORDS];
        for hash in hashes {
            for (word, bit) in places(hash, blocks) {
                words[word] |= 1 << bit;
            }
        }
        Self {
            words: words.into(),
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            words: bytes.chunks_exact(8).map(|word| u64_at(word, 0)).collect(),
        }
    }

    pub(crate) fn bytes(&self) -> impl Iterator<Item = u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes())
    }

    /// Whether a key with this hash may be there. A filter of nothing holds nothing.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let blocks = self.words.len() / BLOCK_WORDS;
        blocks > 0 && places(hash, blocks).all(|(word, bit)| self.words[word] >> bit & 1 == 1)
    }
}

/// The bits of a hash: the upper half chooses the block, the lower half the bits in it.
fn places(hash: u64, blocks: usize) -> impl Iterator<Item = (usize, u64)> {
    let block = (((hash >> 32) * blocks as u64) >> 32) as usize;
    // Nine bits of the product a probe: three for the word, six for the bit.
    let bits = (hash & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..PROBES).map(move |probe| {
        let nine = bits >> (64 - 9 * (probe + 1)) & 0x1ff;
        (block * BLOCK_WORDS + (nine >> 6) as usize, nine & 63)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecar::stable_hash;

    #[test]
    fn what_is_there_passes_and_most_of_the_rest_does_not() {
        let hash = |number: u32| stable_hash(7, &number.to_le_bytes());
        let filter = Filter::of((0..10_000).map(hash).collect::<Vec<_>>().into_iter());
        let bytes: Vec<_> = filter.bytes().collect();
        let filter = Filter::from_bytes(&bytes);
        assert!((0..10_000).all(|number| filter.may_hold(hash(number))));
        let passed = (10_000..110_000)
            .filter(|&number| filter.may_hold(hash(number)))
            .count();
        assert!(passed < 2_000, "{passed} of 100,000 pass");
    }

    #[test]
    fn a_filter_of_nothing_holds_nothing() {
        assert!(!Filter::of(std::iter::empty::<u64>().collect::<Vec<_>>().into_iter()).may_hold(3));
    }
}
