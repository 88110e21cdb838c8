//! Makes segments.

use std::fs::File;
use std::io;
use std::sync::Arc;

use eventlog::Position;
use uuid::Uuid;

use crate::bytes_at::u32_at;
use crate::config::FileLogConfig;
use crate::header::{FORMAT_VERSION, FRAMES_START, SegmentHeader};
use crate::keeper::PREPARED_NAME;
use crate::memory_index::MemoryIndex;
use crate::segment::{Index, Segment, segment_name};
use crate::shared::Shared;

/// How long the first segment of a log becomes: short, so that an empty log is made quickly and the
/// next segment is one that was prepared.
pub(crate) fn first_segment_bytes(config: &FileLogConfig) -> u64 {
    config.segment_bytes.min(FIRST_SEGMENT_BYTES)
}

const FIRST_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// Makes a segment whose first event will be at `first`, from a prepared file or a new one.
pub(crate) fn create(
    shared: &Shared,
    first: Position,
    prepared: Option<File>,
    index: MemoryIndex,
) -> io::Result<(Arc<Segment>, File)> {
    let header = SegmentHeader {
        version: FORMAT_VERSION,
        salt: random_salt(),
        log_id: shared.log_id,
        first,
        created_us: (shared.config.clock)().as_microsecond(),
    };
    let (disk, directory) = (&shared.disk, &shared.directory);
    let (unnamed, file) = match prepared {
        Some(file) => (directory.join(PREPARED_NAME), file),
        None => {
            let path = directory.join(NEW_NAME);
            let file = disk.create(&path)?;
            let length = match first {
                Position(1) => first_segment_bytes(&shared.config),
                _ => shared.config.segment_bytes,
            };
            disk.reserve(&file, &path, length)?;
            (path, file)
        }
    };
    disk.write_at(&file, &unnamed, &header.encode(), 0)?;
    // The name comes last: whatever is called a segment has a header.
    disk.sync(&file, &unnamed)?;
    let path = directory.join(segment_name(first));
    disk.rename(&unnamed, &path, directory)?;
    let segment = Segment::new(path, header, Index::memory(index), FRAMES_START);
    Ok((Arc::new(segment), file))
}

/// The name of a segment that is being made without having been prepared.
pub(crate) const NEW_NAME: &str = "next.new";

/// A number that no one outside can know.
fn random_salt() -> u32 {
    // The last bytes of a version 7 id are random.
    u32_at(Uuid::now_v7().as_bytes(), 12)
}
