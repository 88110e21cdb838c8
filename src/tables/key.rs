//! Keys whose byte order is the order of what they were built from.
//!
//! ```
//! use tables::KeyBuilder;
//!
//! // Newest first within a package: 'p', the name, the position counted downwards.
//! let newer = KeyBuilder::new(b'p').str("zlib").u64_descending(9).build();
//! let older = KeyBuilder::new(b'p').str("zlib").u64_descending(2).build();
//! let other = KeyBuilder::new(b'p').str("zlib-ng").u64_descending(7).build();
//! assert!(newer < older && older < other);
//! ```

use crate::Key;

/// Ends a text. Less than [`ESCAPED_ZERO`] and than any other byte that may follow a text, so that
/// a text sorts before every longer one that begins with it.
const END: [u8; 2] = [0x00, 0x01];

/// Encodes a zero byte within a text.
const ESCAPED_ZERO: [u8; 2] = [0x00, 0xff];

const SIGN: u64 = 1 << 63;

/// Appends one part after the other; keys built from the same kinds of parts compare part by part.
#[derive(Clone, Debug)]
pub struct KeyBuilder {
    key: Key,
}

impl KeyBuilder {
    /// A key of the kind `prefix`: rows, an index, a checkpoint.
    pub fn new(prefix: u8) -> Self {
        let mut key = Vec::with_capacity(40);
        key.push(prefix);
        Self { key }
    }

    /// One byte, least first.
    #[must_use]
    pub fn u8(mut self, part: u8) -> Self {
        self.key.push(part);
        self
    }

    /// A number, least first.
    #[must_use]
    pub fn u64(mut self, part: u64) -> Self {
        self.key.extend(part.to_be_bytes());
        self
    }

    /// A number, greatest first.
    #[must_use]
    pub fn u64_descending(self, part: u64) -> Self {
        self.u64(!part)
    }

    /// A signed number, least first.
    #[must_use]
    pub fn i64(self, part: i64) -> Self {
        self.u64(part.cast_unsigned() ^ SIGN)
    }

    /// A signed number, greatest first.
    #[must_use]
    pub fn i64_descending(self, part: i64) -> Self {
        self.u64(!(part.cast_unsigned() ^ SIGN))
    }

    /// A text, in the order of its bytes.
    #[must_use]
    pub fn str(self, part: &str) -> Self {
        self.bytes(part.as_bytes())
    }

    /// Bytes of any length, in their order.
    #[must_use]
    pub fn bytes(mut self, part: &[u8]) -> Self {
        self = self.bytes_start(part);
        self.key.extend(END);
        self
    }

    /// The beginning of a text: a prefix of the keys of all texts that begin so.
    #[must_use]
    pub fn str_start(self, part: &str) -> Self {
        self.bytes_start(part.as_bytes())
    }

    /// The beginning of a run of bytes, as [`KeyBuilder::str_start`].
    #[must_use]
    pub fn bytes_start(mut self, part: &[u8]) -> Self {
        for &byte in part {
            match byte {
                0 => self.key.extend(ESCAPED_ZERO),
                _ => self.key.push(byte),
            }
        }
        self
    }

    /// Bytes whose length is the same in every key of this kind: an id, a digest.
    #[must_use]
    pub fn fixed<const N: usize>(mut self, part: &[u8; N]) -> Self {
        self.key.extend(part);
        self
    }

    /// The key.
    pub fn build(self) -> Key {
        self.key
    }
}

/// Goes on with a key that was built before.
impl From<Key> for KeyBuilder {
    fn from(key: Key) -> Self {
        Self { key }
    }
}

impl From<KeyBuilder> for Key {
    fn from(builder: KeyBuilder) -> Self {
        builder.build()
    }
}

impl AsRef<[u8]> for KeyBuilder {
    fn as_ref(&self) -> &[u8] {
        &self.key
    }
}

/// Takes a key apart again, part by part; `None` when the key does not have that part.
#[derive(Clone, Copy, Debug)]
pub struct KeyReader<'k> {
    rest: &'k [u8],
}

impl<'k> KeyReader<'k> {
    /// Reads `key`, if it is of the kind `prefix`.
    pub fn new(prefix: u8, key: &'k [u8]) -> Option<Self> {
        let (&found, rest) = key.split_first()?;
        (found == prefix).then_some(Self { rest })
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    /// A number written by [`KeyBuilder::u64`].
    pub fn u64(&mut self) -> Option<u64> {
        self.fixed().map(u64::from_be_bytes)
    }

    /// A number written by [`KeyBuilder::u64_descending`].
    pub fn u64_descending(&mut self) -> Option<u64> {
        self.u64().map(|part| !part)
    }

    /// A number written by [`KeyBuilder::i64`].
    pub fn i64(&mut self) -> Option<i64> {
        self.u64().map(|part| (part ^ SIGN).cast_signed())
    }

    /// A number written by [`KeyBuilder::i64_descending`].
    pub fn i64_descending(&mut self) -> Option<i64> {
        self.u64().map(|part| (!part ^ SIGN).cast_signed())
    }

    /// A text written by [`KeyBuilder::str`].
    pub fn str(&mut self) -> Option<String> {
        self.bytes().and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// Bytes written by [`KeyBuilder::bytes`].
    pub fn bytes(&mut self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut rest = self.rest;
        loop {
            match *rest {
                [0x00, 0x01, ref after @ ..] => {
                    self.rest = after;
                    return Some(bytes);
                }
                [0x00, 0xff, ref after @ ..] => {
                    bytes.push(0);
                    rest = after;
                }
                [0x00, ..] | [] => return None,
                [byte, ref after @ ..] => {
                    bytes.push(byte);
                    rest = after;
                }
            }
        }
    }

    /// Bytes written by [`KeyBuilder::fixed`].
    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (part, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*part)
    }

    /// Whether every part has been read.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests;
