//! A hash that is the same in every process, because it is stored on disk.

use crate::bytes_at::u64_at;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 bits of some bytes. The salt of the segment prevents a client from searching for collisions.
pub(crate) fn stable_hash(salt: u32, bytes: &[u8]) -> u64 {
    let mut hash = mixed(u64::from(salt) ^ (bytes.len() as u64) << 32);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        hash = mixed(hash ^ u64_at(chunk, 0));
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mixed(hash ^ u64::from_le_bytes(last))
}

/// Lets every bit of the input reach every bit of the output (the finish of SplitMix64).
fn mixed(value: u64) -> u64 {
    let mut value = value.wrapping_add(MULTIPLIER);
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
