//! The end of a run: what is in it, and where its parts are.

use super::block::take_number;
use super::builder::put_number;
use super::filter::Filter;
use super::run::{CHECKSUM_BYTES, Span};
use tables::Key;

/// Ends every run; the last byte is the version of the format.
const MAGIC: [u8; 8] = *b"tallyrn\x01";

/// Magic, number, rows, how many of them hide others, top (offset, length), summary (offset,
/// length), checksum.
pub(super) const FOOTER_BYTES: usize = 8 + 8 + 8 + 8 + 12 + 12 + 4;

/// The fixed end of a run.
pub(super) struct Footer {
    pub(super) number: u64,
    pub(super) rows: u64,
    pub(super) hides: u64,
    pub(super) top: Span,
    pub(super) summary: Span,
}

impl Footer {
    pub(super) fn write(&self) -> [u8; FOOTER_BYTES] {
        let mut bytes = Vec::with_capacity(FOOTER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.rows.to_le_bytes());
        bytes.extend_from_slice(&self.hides.to_le_bytes());
        for span in [self.top, self.summary] {
            bytes.extend_from_slice(&span.offset.to_le_bytes());
            bytes.extend_from_slice(&span.length.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes.try_into().expect("a footer has its length")
    }

    pub(super) fn read(bytes: &[u8; FOOTER_BYTES]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        if crc32c::crc32c(body).to_le_bytes() != *checksum || !body.starts_with(&MAGIC) {
            return None;
        }
        let long = |at: usize| Some(u64::from_le_bytes(*body.get(at..)?.first_chunk()?));
        let span = |at: usize| {
            Some(Span {
                offset: long(at)?,
                length: u32::from_le_bytes(*body.get(at + 8..)?.first_chunk()?),
            })
        };
        Some(Self {
            number: long(8)?,
            rows: long(16)?,
            hides: long(24)?,
            top: span(32)?,
            summary: span(44)?,
        })
    }
}

pub(super) fn write_summary(last_key: &[u8], filter: &Filter) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_number(&mut bytes, last_key.len() as u64);
    bytes.extend_from_slice(last_key);
    filter.write_to(&mut bytes);
    bytes
}

pub(super) fn read_summary(mut bytes: &[u8]) -> Option<(Key, Filter)> {
    let length = take_number(&mut bytes).ok()?;
    let (last_key, filter) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    Some((last_key.to_vec(), Filter::read(filter)?))
}
