//! The first page of a sidecar: whose it is, and what follows.

use uuid::Uuid;

use super::pages::{ID_BYTES, OFFSET_BYTES, PAGE_BYTES, STREAM_BYTES, pages_for};
use crate::bytes_at::{array_at, u32_at, u64_at};

/// The version of sidecars that this program writes. Any other is rebuilt.
pub(crate) const SIDECAR_VERSION: u32 = 1;

pub(crate) const HEADER_PAGE_BYTES: usize = PAGE_BYTES;

const MAGIC: [u8; 8] = *b"TALLYIDX";
const CHECKED: usize = 92;

/// The content of the first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The segment's salt.
    pub(crate) salt: u32,
    pub(crate) log_id: Uuid,
    /// The segment's first position.
    pub(crate) first: u64,
    /// The position after the segment's last event.
    pub(crate) next: u64,
    /// Where the segment's last frame ends.
    pub(crate) end: u64,
    /// Entries of the table of streams.
    pub(crate) streams: u32,
    /// Entries of the table of offsets.
    pub(crate) offsets: u32,
    /// Entries of the table of ids.
    pub(crate) ids: u32,
    /// Entries of the sparse table of frames.
    pub(crate) sparse: u32,
    /// Bytes of the filter of streams.
    pub(crate) stream_filter: u32,
    /// Bytes of the filter of ids.
    pub(crate) id_filter: u32,
    /// The checksum of what is held in memory.
    pub(crate) resident_checksum: u32,
}

impl Layout {
    pub(crate) fn encode(&self) -> [u8; HEADER_PAGE_BYTES] {
        let mut page = [0; HEADER_PAGE_BYTES];
        page[..8].copy_from_slice(&MAGIC);
        page[8..12].copy_from_slice(&SIDECAR_VERSION.to_le_bytes());
        page[12..16].copy_from_slice(&self.salt.to_le_bytes());
        page[16..32].copy_from_slice(self.log_id.as_bytes());
        for (at, number) in [(32, self.first), (40, self.next), (48, self.end)] {
            page[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        let numbers = [
            self.streams,
            self.offsets,
            self.ids,
            self.sparse,
            self.stream_filter,
            self.id_filter,
            self.resident_checksum,
        ];
        for (index, number) in numbers.into_iter().enumerate() {
            page[56 + index * 4..60 + index * 4].copy_from_slice(&number.to_le_bytes());
        }
        let checksum = crc32c::crc32c(&page[..CHECKED]);
        page[CHECKED..CHECKED + 4].copy_from_slice(&checksum.to_le_bytes());
        page
    }

    pub(crate) fn decode(page: &[u8; HEADER_PAGE_BYTES]) -> Result<Self, &'static str> {
        if page[..8] != MAGIC {
            return Err("it is something else");
        }
        if crc32c::crc32c(&page[..CHECKED]) != u32_at(page, CHECKED) {
            return Err("its first page is damaged");
        }
        if u32_at(page, 8) != SIDECAR_VERSION {
            return Err("it is of another version");
        }
        let number = |index: usize| u32_at(page, 56 + index * 4);
        Ok(Self {
            salt: u32_at(page, 12),
            log_id: Uuid::from_bytes(array_at(page, 16)),
            first: u64_at(page, 32),
            next: u64_at(page, 40),
            end: u64_at(page, 48),
            streams: number(0),
            offsets: number(1),
            ids: number(2),
            sparse: number(3),
            stream_filter: number(4),
            id_filter: number(5),
            resident_checksum: number(6),
        })
    }

    pub(crate) fn stream_pages(&self) -> u32 {
        pages_for::<STREAM_BYTES>(self.streams)
    }

    pub(crate) fn offset_pages(&self) -> u32 {
        pages_for::<OFFSET_BYTES>(self.offsets)
    }

    pub(crate) fn id_pages(&self) -> u32 {
        pages_for::<ID_BYTES>(self.ids)
    }

    /// The bytes after the first page that are held in memory.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let entries = u64::from(self.stream_pages()) + u64::from(self.id_pages());
        (entries + u64::from(self.sparse)) * 8
            + u64::from(self.stream_filter)
            + u64::from(self.id_filter)
    }

    /// The number of the first page of the tables.
    pub(crate) fn pages_at(&self) -> u32 {
        1 + self.resident_bytes().div_ceil(PAGE_BYTES as u64) as u32
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        let pages = self.stream_pages() + self.offset_pages() + self.id_pages();
        u64::from(self.pages_at() + pages) * PAGE_BYTES as u64
    }
}
