//! Checks a whole log: every frame, every checksum, every position, every revision.

use std::collections::HashMap;
use std::path::Path;

use eventlog::Position;

use crate::fault::{Damage, Fault, OpenError};
use crate::keys::{Keys, StreamMap};
use crate::open::list;
use crate::scan::Scan;

/// What a log was found to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub segments: u64,
    /// How many frames with events.
    pub frames: u64,
    pub events: u64,
    pub streams: u64,
    /// How many bytes of frames.
    pub bytes: u64,
    /// The position of the last event.
    pub head: Position,
    /// How many events each type has, by name.
    pub events_by_type: Vec<(String, u64)>,
}

/// The most types that a report counts one by one. The rest is counted as `…`.
const TYPES_MAX: usize = 4096;

/// Checks the log in `directory`, whether another process writes to it or not. Nothing is changed.
///
/// `progress` gets the position and the number of checked bytes after every frame. Memory grows
/// with the number of streams, by some 40 bytes each.
///
/// # Errors
/// The first place whose bytes are not those that were written.
pub fn verify(
    directory: impl AsRef<Path>,
    mut progress: impl FnMut(Position, u64),
) -> Result<Report, OpenError> {
    let directory = directory.as_ref();
    let keys = Keys::default();
    let mut report = Report {
        segments: list(directory)?.len() as u64,
        ..Report::default()
    };
    let mut next_revisions: StreamMap<u64> = StreamMap::default();
    let mut types: HashMap<Vec<u8>, u64> = HashMap::new();
    let mut scan = Scan::new(directory, Position::START)?;
    while let Some(frame) = scan.next_frame()? {
        let segment = scan.segment().unwrap_or(directory);
        for record in frame.records() {
            let record = record.map_err(|damage| Fault::new(segment, damage))?;
            let next = next_revisions
                .entry(keys.of_bytes(record.stream))
                .or_default();
            if record.revision.0 != *next {
                let damage = Damage {
                    offset: frame.offset,
                    position: record.position,
                    reason: format!(
                        "stream {} goes from revision {next} to {}",
                        record.stream_name(),
                        record.revision
                    ),
                };
                return Err(Fault::new(segment, damage).into());
            }
            *next += 1;
            if let Some(count) = types.get_mut(record.event_type) {
                *count += 1;
            } else if types.len() < TYPES_MAX {
                types.insert(record.event_type.to_vec(), 1);
            } else {
                *types.entry("…".into()).or_default() += 1;
            }
        }
        report.frames += 1;
        report.events += u64::from(frame.header.count);
        report.bytes += frame.end() - frame.offset;
        report.head = Position(frame.header.next() - 1);
        progress(report.head, report.bytes);
    }
    report.streams = next_revisions.len() as u64;
    report.events_by_type = types
        .into_iter()
        .map(|(name, count)| (String::from_utf8_lossy(&name).into_owned(), count))
        .collect();
    report.events_by_type.sort();
    Ok(report)
}
