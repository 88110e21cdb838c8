//! The first page of a segment: what the file is, and how to read the rest.

use eventlog::Position;
use uuid::Uuid;

use crate::bytes_at::{array_at, u32_at, u64_at};

/// The format that this program writes. It reads every format up to it.
pub const FORMAT_VERSION: u32 = 1;

/// The offset of the first frame, in bytes. The header has its own page, so that no commit ever
/// rewrites its sector.
pub const FRAMES_START: u64 = 4096;

const MAGIC: [u8; 8] = *b"TALLYLOG";
/// The bytes that the checksum covers; it follows them.
const CHECKED: usize = 48;

/// The used bytes of the header.
pub(crate) const HEADER_BYTES: usize = CHECKED + 4;

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The format of what follows.
    pub version: u32,
    /// Every checksum in the segment starts from this number, so that no payload can imitate a
    /// frame: its sender would have to know the number.
    pub salt: u32,
    /// Which log the segment belongs to.
    pub log_id: Uuid,
    pub first: Position,
    /// When it was made, in microseconds since 1970.
    pub created_us: i64,
}

/// Why the front of a file is not the header of a segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Another kind of file, or nothing was written yet.
    #[error("this is not a segment of a log")]
    Magic,
    /// A newer program wrote it.
    #[error(
        "its format is {found}, and this program reads formats up to {FORMAT_VERSION}; use a newer program"
    )]
    Newer { found: u32 },
    /// The checksum does not match.
    #[error("its header is damaged")]
    Damaged,
}

impl SegmentHeader {
    /// The bytes of the header, without the rest of its page.
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.salt.to_le_bytes());
        bytes[16..32].copy_from_slice(self.log_id.as_bytes());
        bytes[32..40].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.created_us.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the front of a file.
    ///
    /// # Errors
    /// See [`HeaderError`]. The version is checked before the checksum, because a newer format may
    /// have another checksum.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        if bytes.len() < HEADER_BYTES || bytes[..8] != MAGIC {
            return Err(HeaderError::Magic);
        }
        let intact = crc32c::crc32c(&bytes[..CHECKED]) == u32_at(bytes, CHECKED);
        let version = u32_at(bytes, 8);
        // A flipped bit in the version of our own format is damage, not the future.
        if version > FORMAT_VERSION && (intact || version < 1 << 16) {
            return Err(HeaderError::Newer { found: version });
        }
        if !intact || version == 0 {
            return Err(HeaderError::Damaged);
        }
        Ok(Self {
            version,
            salt: u32_at(bytes, 12),
            log_id: Uuid::from_bytes(array_at(bytes, 16)),
            first: Position(u64_at(bytes, 32)),
            created_us: i64::from_le_bytes(array_at(bytes, 40)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        SegmentHeader {
            version: FORMAT_VERSION,
            salt: 0x1234_5678,
            log_id: Uuid::from_u128(7),
            first: Position(42),
            created_us: -1,
        }
    }

    #[test]
    fn a_header_comes_back() {
        assert_eq!(SegmentHeader::decode(&header().encode()), Ok(header()));
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let newer = SegmentHeader {
            version: 9,
            ..header()
        };
        let error = SegmentHeader::decode(&newer.encode()).unwrap_err();
        assert_eq!(error, HeaderError::Newer { found: 9 });
        assert!(error.to_string().contains("its format is 9"), "{error}");
    }

    #[test]
    fn no_flipped_bit_goes_unseen() {
        let bytes = header().encode();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&damaged).is_err(), "bit {bit}");
        }
    }
}
