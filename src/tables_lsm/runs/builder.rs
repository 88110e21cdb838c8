//! Writes the bytes of a block, as [`super::block`] draws them.

use super::block::{FORMAT, GROUP_ROWS, Written};

/// A block that is being written.
#[derive(Default)]
pub(super) struct Builder {
    bytes: Vec<u8>,
    first_key: Vec<u8>,
    last_key: Vec<u8>,
    last_value: Vec<u8>,
    rows: usize,
    groups: Vec<u32>,
    hides: u64,
}

impl Builder {
    /// Adds a row; its key is greater than those before.
    pub(super) fn push(&mut self, key: &[u8], value: Written<'_>) {
        if self.rows == 0 {
            self.bytes.push(FORMAT);
            self.first_key.extend_from_slice(key);
        }
        if self.rows.is_multiple_of(GROUP_ROWS) {
            let begin = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
            self.groups.push(begin);
            self.last_key.clear();
            self.last_value.clear();
        }
        self.rows += 1;
        let key_shared = shared(&self.last_key, key);
        put_number(&mut self.bytes, key_shared as u64);
        put_number(&mut self.bytes, (key.len() - key_shared) as u64);
        let value_shared = value.map_or(0, |value| shared(&self.last_value, value));
        match value {
            Some(value) => {
                put_number(&mut self.bytes, (value.len() - value_shared + 1) as u64);
                put_number(&mut self.bytes, value_shared as u64);
            }
            None => put_number(&mut self.bytes, 0),
        }
        self.bytes.extend_from_slice(&key[key_shared..]);
        self.last_key.truncate(key_shared);
        self.last_key.extend_from_slice(&key[key_shared..]);
        match value {
            Some(value) => {
                self.bytes.extend_from_slice(&value[value_shared..]);
                self.last_value.truncate(value_shared);
                self.last_value.extend_from_slice(&value[value_shared..]);
            }
            None => self.hides += 1,
        }
    }

    /// How large it is by now; nothing before the first row.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the block. Only [`Builder::clear`] comes after it.
    pub(super) fn seal(&mut self) -> &[u8] {
        for begin in &self.groups {
            self.bytes.extend_from_slice(&begin.to_le_bytes());
        }
        let rows = u32::try_from(self.rows).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&rows.to_le_bytes());
        &self.bytes
    }

    pub(super) fn first_key(&self) -> &[u8] {
        &self.first_key
    }

    /// How many rows hide older ones.
    pub(super) fn hides(&self) -> u64 {
        self.hides
    }

    /// Begins the next block.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.first_key.clear();
        self.last_key.clear();
        self.last_value.clear();
        self.rows = 0;
        self.groups.clear();
        self.hides = 0;
    }
}

/// How many bytes two texts begin with in common.
fn shared(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut count = 0;
    for (one, other) in ones.0.iter().zip(others.0) {
        let difference = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if difference != 0 {
            return count + difference.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    let pairs = one[count..].iter().zip(&other[count..]);
    count + pairs.take_while(|(one, other)| one == other).count()
}

/// A varint: seven bits to a byte, the least first; the highest bit is set when more follow.
pub(super) fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
