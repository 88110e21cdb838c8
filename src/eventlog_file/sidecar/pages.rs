//! Tables on pages, each page with its own checksum.

use std::fs::File;

use super::{SidecarError, read};
use crate::bytes_at::{array_at, u32_at, u64_at};

pub(crate) const PAGE_BYTES: usize = 4096;

/// What a page holds before its checksum.
const CONTENT_BYTES: usize = PAGE_BYTES - 4;

/// An entry of the table of streams: hash, count, start.
pub(crate) const STREAM_BYTES: usize = 16;
/// An entry of the table of offsets.
pub(crate) const OFFSET_BYTES: usize = 4;
/// An entry of the table of ids: hash, offset.
pub(crate) const ID_BYTES: usize = 12;

/// How many pages so many entries take.
pub(crate) fn pages_for<const ENTRY: usize>(entries: u32) -> u32 {
    (entries as usize).div_ceil(CONTENT_BYTES / ENTRY) as u32
}

/// Appends entries as pages, the first of which is page number `at`.
pub(crate) fn write<const ENTRY: usize>(
    into: &mut Vec<u8>,
    mut at: u32,
    entries: impl ExactSizeIterator<Item = [u8; ENTRY]>,
) {
    let mut page = Vec::with_capacity(PAGE_BYTES);
    let mut entries = entries.peekable();
    while entries.peek().is_some() {
        page.clear();
        for entry in entries.by_ref().take(CONTENT_BYTES / ENTRY) {
            page.extend_from_slice(&entry);
        }
        page.resize(CONTENT_BYTES, 0);
        let checksum = crc32c::crc32c_append(at, &page);
        page.extend_from_slice(&checksum.to_le_bytes());
        into.extend_from_slice(&page);
        at += 1;
    }
}

/// A table whose entries lie on pages. Sorted by hash if it has a fence.
#[derive(Debug)]
pub(crate) struct Table {
    at: u32,
    entries: usize,
    entry_bytes: usize,
    /// The first hash of every page.
    fence: Vec<u64>,
}

impl Table {
    pub(crate) fn new<const ENTRY: usize>(at: u32, entries: u32, fence: Vec<u64>) -> Self {
        Self {
            at,
            entries: entries as usize,
            entry_bytes: ENTRY,
            fence,
        }
    }

    fn per_page(&self) -> usize {
        CONTENT_BYTES / self.entry_bytes
    }

    /// Reads a page and checks it. The checksum starts from the page's number, so that no page can
    /// replace another one.
    fn page(&self, file: &File, index: usize) -> Result<[u8; PAGE_BYTES], SidecarError> {
        let number = self.at + index as u32;
        let mut page = [0; PAGE_BYTES];
        read(file, &mut page, u64::from(number) * PAGE_BYTES as u64)?;
        let (content, checksum) = page.split_at(CONTENT_BYTES);
        match crc32c::crc32c_append(number, content) == u32_at(checksum, 0) {
            true => Ok(page),
            false => Err(SidecarError::Useless("a page of it is damaged")),
        }
    }

    /// The entry with this hash, padded to the longest entry.
    pub(crate) fn find(
        &self,
        file: &File,
        hash: u64,
    ) -> Result<Option<[u8; STREAM_BYTES]>, SidecarError> {
        let Some(index) = self
            .fence
            .partition_point(|&first| first <= hash)
            .checked_sub(1)
        else {
            return Ok(None);
        };
        let page = self.page(file, index)?;
        let count = (self.entries - index * self.per_page()).min(self.per_page());
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = (low + high) / 2;
            match u64_at(&page, middle * self.entry_bytes).cmp(&hash) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let mut entry = [0; STREAM_BYTES];
                    let at = middle * self.entry_bytes;
                    entry[..self.entry_bytes].copy_from_slice(&page[at..at + self.entry_bytes]);
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    /// The numbers from the `from`th on, of a table of plain numbers.
    pub(crate) fn numbers(
        &self,
        file: &File,
        from: usize,
        count: usize,
    ) -> Result<Vec<u32>, SidecarError> {
        if from + count > self.entries {
            return Err(SidecarError::Useless("an entry of it points beyond it"));
        }
        let mut numbers = Vec::with_capacity(count);
        while numbers.len() < count {
            let at = from + numbers.len();
            let page = self.page(file, at / self.per_page())?;
            let skip = at % self.per_page();
            numbers.extend(
                page[..CONTENT_BYTES]
                    .chunks_exact(OFFSET_BYTES)
                    .skip(skip)
                    .take(count - numbers.len())
                    .map(|number| u32::from_le_bytes(array_at(number, 0))),
            );
        }
        Ok(numbers)
    }
}
