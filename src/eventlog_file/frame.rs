//! A frame: one commit, whole or not at all.

use crate::bytes_at::{u32_at, u64_at};

/// The bytes before a frame's records.
pub const FRAME_HEADER_BYTES: usize = 32;

/// The longest a frame's records may be. A batch of the largest size fits with its overhead.
pub(crate) const FRAME_BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

pub(crate) const FRAME_MAGIC: [u8; 4] = *b"TFRM";

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    Events,
    /// It carries nothing: everything before it was durable when the log was closed.
    Mark,
}

/// The header before a frame's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    pub kind: FrameKind,
    /// The length of its records, in bytes.
    pub body_bytes: u32,
    /// How many records it has.
    pub count: u32,
    /// The position of the first of them; of a mark, the position that comes next.
    pub first: u64,
    pub(crate) body_checksum: u32,
}

/// Fills in the header of a frame: `frame` holds space for the header, then the records.
pub(crate) fn finish(frame: &mut [u8], salt: u32, kind: FrameKind, count: u32, first: u64) {
    let (header, body) = frame.split_at_mut(FRAME_HEADER_BYTES);
    header[..4].copy_from_slice(&FRAME_MAGIC);
    header[8..12].copy_from_slice(&(body.len() as u32).to_le_bytes());
    header[12..16].copy_from_slice(&count.to_le_bytes());
    header[16..24].copy_from_slice(&first.to_le_bytes());
    header[24..28].copy_from_slice(&crc32c::crc32c_append(salt, body).to_le_bytes());
    let kind: u32 = match kind {
        FrameKind::Events => 0,
        FrameKind::Mark => 1,
    };
    header[28..32].copy_from_slice(&kind.to_le_bytes());
    let checksum = crc32c::crc32c_append(salt, &header[8..]);
    header[4..8].copy_from_slice(&checksum.to_le_bytes());
}

/// A frame without events, ready to be written.
pub(crate) fn mark(salt: u32, next: u64) -> [u8; FRAME_HEADER_BYTES] {
    let mut frame = [0; FRAME_HEADER_BYTES];
    finish(&mut frame, salt, FrameKind::Mark, 0, next);
    frame
}

impl FrameHeader {
    /// Reads a header. `None` when magic, checksum or kind are wrong.
    pub(crate) fn decode(bytes: &[u8], salt: u32) -> Option<Self> {
        if bytes.len() < FRAME_HEADER_BYTES || bytes[..4] != FRAME_MAGIC {
            return None;
        }
        if crc32c::crc32c_append(salt, &bytes[8..FRAME_HEADER_BYTES]) != u32_at(bytes, 4) {
            return None;
        }
        Some(Self {
            kind: match u32_at(bytes, 28) {
                0 => FrameKind::Events,
                1 => FrameKind::Mark,
                _ => return None,
            },
            body_bytes: u32_at(bytes, 8),
            count: u32_at(bytes, 12),
            first: u64_at(bytes, 16),
            body_checksum: u32_at(bytes, 24),
        })
    }

    /// Whether these are the records that the header speaks of.
    pub(crate) fn admits(&self, body: &[u8], salt: u32) -> bool {
        body.len() == self.body_bytes as usize
            && crc32c::crc32c_append(salt, body) == self.body_checksum
    }

    /// The position after the frame's last record.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first + u64::from(self.count)
    }
}
