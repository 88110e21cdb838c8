//! Makes a sidecar out of its segment.

use std::fs::File;
use std::sync::Arc;

use uuid::Uuid;

use super::filter::Filter;
use super::layout::{HEADER_PAGE_BYTES, Layout};
use super::pages::{self, ID_BYTES, PAGE_BYTES, STREAM_BYTES};
use super::stable_hash;
use crate::fault::Damage;
use crate::frames::{Frame, FrameError, FrameReader, Span};
use crate::header::{FRAMES_START, SegmentHeader};
use crate::recovery::SCAN_CHUNK_BYTES;

/// How many bytes of frames lie between two entries of the sparse table, at least.
const SPARSE_BYTES: u64 = 64 * 1024;

/// Why no sidecar could be made.
#[derive(Debug)]
pub(crate) enum BuildError {
    /// The segment cannot be read.
    Segment(FrameError),
    /// Two streams of the segment have the same hash. The segment does without a sidecar.
    SameHash,
}

/// Whether an id is known for ever, and therefore stored in sidecars. Random ids (version 7) are
/// retried within seconds, and the window of the latest ids covers those.
pub(crate) fn is_kept(id: Uuid) -> bool {
    id.get_version_num() != 7
}

#[derive(Default)]
struct Gathered {
    /// Hash of the name, revision, offset; in the order of positions.
    records: Vec<(u64, u64, u32)>,
    ids: Vec<(u64, u32)>,
    sparse: Vec<(u32, u32)>,
}

impl Gathered {
    fn add(&mut self, header: &SegmentHeader, frame: &Frame) -> Result<(), Damage> {
        let latest = self.sparse.last().map(|&(_, offset)| u64::from(offset));
        if is_sparse(latest, frame.offset) {
            let delta = frame.header.first - header.first.0;
            self.sparse.push((delta as u32, frame.offset as u32));
        }
        let mut records = frame.records();
        loop {
            let offset = records.offset() as u32;
            let Some(record) = records.next() else {
                return Ok(());
            };
            let record = record?;
            let hash = stable_hash(header.salt, record.stream);
            self.records.push((hash, record.revision.0, offset));
            if is_kept(record.id) {
                let hash = stable_hash(header.salt, record.id.as_bytes());
                self.ids.push((hash, offset));
            }
        }
    }
}

/// Whether a frame gets an entry in the sparse table: the first one, and each that is far enough
/// from the last that has one.
fn is_sparse(latest: Option<u64>, offset: u64) -> bool {
    latest.is_none_or(|latest| offset >= latest + SPARSE_BYTES)
}

/// The bytes of the sidecar of a segment whose frames end at `end`.
pub(crate) fn build(
    file: Arc<File>,
    header: &SegmentHeader,
    end: u64,
) -> Result<Vec<u8>, BuildError> {
    let span = Span {
        offset: FRAMES_START,
        next: header.first.0,
        end,
        exact: true,
    };
    let mut reader = FrameReader::new(file, header.salt, header.first, span, SCAN_CHUNK_BYTES);
    let mut gathered = Gathered::default();
    while let Some(frame) = reader.next().map_err(BuildError::Segment)? {
        gathered
            .add(header, &frame)
            .map_err(|damage| BuildError::Segment(FrameError::Damage(damage)))?;
    }
    encode(header, end, reader.next_position(), gathered)
}

fn encode(
    header: &SegmentHeader,
    end: u64,
    next: u64,
    mut gathered: Gathered,
) -> Result<Vec<u8>, BuildError> {
    // Stable, so that the records of a stream stay in order.
    gathered.records.sort_by_key(|&(hash, ..)| hash);
    gathered.ids.sort_unstable();
    gathered.ids.dedup_by_key(|&mut (hash, _)| hash);

    let mut streams: Vec<[u8; STREAM_BYTES]> = Vec::new();
    let mut offsets: Vec<u32> = Vec::new();
    for records in gathered.records.chunk_by(|one, two| one.0 == two.0) {
        let (hash, first, offset) = records[0];
        if records
            .iter()
            .zip(first..)
            .any(|(record, revision)| record.1 != revision)
        {
            return Err(BuildError::SameHash);
        }
        let start = match records.len() {
            1 => offset,
            _ => offsets.len() as u32,
        };
        if records.len() > 1 {
            offsets.extend(records.iter().map(|&(.., offset)| offset));
        }
        let mut entry = [0; STREAM_BYTES];
        entry[..8].copy_from_slice(&hash.to_le_bytes());
        entry[8..12].copy_from_slice(&(records.len() as u32).to_le_bytes());
        entry[12..].copy_from_slice(&start.to_le_bytes());
        streams.push(entry);
    }
    let ids: Vec<[u8; ID_BYTES]> = gathered
        .ids
        .iter()
        .map(|&(hash, offset)| id_entry(hash, offset))
        .collect();

    let mut resident = Vec::new();
    resident.extend(fence(&streams));
    resident.extend(fence(&ids));
    for &(delta, offset) in &gathered.sparse {
        resident.extend_from_slice(&delta.to_le_bytes());
        resident.extend_from_slice(&offset.to_le_bytes());
    }
    let hash_of = |entry: &[u8]| crate::bytes_at::u64_at(entry, 0);
    let stream_filter = Filter::of(streams.iter().map(|entry| hash_of(entry)));
    let id_filter = Filter::of(ids.iter().map(|entry| hash_of(entry)));
    let filters_at = resident.len();
    resident.extend(stream_filter.bytes());
    let id_filter_at = resident.len();
    resident.extend(id_filter.bytes());

    let layout = Layout {
        salt: header.salt,
        log_id: header.log_id,
        first: header.first.0,
        next,
        end,
        streams: streams.len() as u32,
        offsets: offsets.len() as u32,
        ids: ids.len() as u32,
        sparse: gathered.sparse.len() as u32,
        stream_filter: (id_filter_at - filters_at) as u32,
        id_filter: (resident.len() - id_filter_at) as u32,
        resident_checksum: crc32c::crc32c(&resident),
    };
    let mut bytes = Vec::with_capacity(layout.file_bytes() as usize);
    bytes.extend_from_slice(&layout.encode());
    bytes.extend_from_slice(&resident);
    let mut at = layout.pages_at();
    bytes.resize(HEADER_PAGE_BYTES + (at as usize - 1) * PAGE_BYTES, 0);
    pages::write(&mut bytes, at, streams.into_iter());
    at += layout.stream_pages();
    pages::write(&mut bytes, at, offsets.into_iter().map(u32::to_le_bytes));
    at += layout.offset_pages();
    pages::write(&mut bytes, at, ids.into_iter());
    Ok(bytes)
}

fn id_entry(hash: u64, offset: u32) -> [u8; ID_BYTES] {
    let mut entry = [0; ID_BYTES];
    entry[..8].copy_from_slice(&hash.to_le_bytes());
    entry[8..].copy_from_slice(&offset.to_le_bytes());
    entry
}

/// The first hash of every page.
fn fence<const ENTRY: usize>(entries: &[[u8; ENTRY]]) -> Vec<u8> {
    let per_page = (PAGE_BYTES - 4) / ENTRY;
    entries
        .iter()
        .step_by(per_page)
        .flat_map(|entry| entry[..8].to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_sparse_from_the_distance_on() {
        let at = |bytes| 4096 + bytes;
        for (latest, offset, expected) in [
            (None, at(0), true),
            (Some(at(0)), at(1), false),
            (Some(at(0)), at(SPARSE_BYTES - 1), false),
            (Some(at(0)), at(SPARSE_BYTES), true),
            (Some(at(0)), at(SPARSE_BYTES + 1), true),
            (Some(at(7)), at(SPARSE_BYTES), false),
        ] {
            assert_eq!(is_sparse(latest, offset), expected, "{latest:?} {offset}");
        }
    }
}
