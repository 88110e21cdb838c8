//! Whether every stream goes on without a gap.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use eventlog::Position;
use eventlog_file::Frame;

use super::Fault;
use super::frames::{damage_in, fault_in};

/// The most types that are counted one by one; the rest is counted as `…`.
const TYPES_MAX: usize = 4096;

const REPORT_IT: &str = "the frame is as it was written, so the program that wrote it was wrong; keep a \
                         copy of the directory, and export what stands before the fault";

/// The last revision of each stream, and how often each type occurred. Grows with the number of
/// streams, by some 40 bytes each.
#[derive(Default)]
pub(super) struct Order {
    /// By two hashes with keys drawn for this run, so that collisions cannot be chosen.
    next_revisions: HashMap<u128, u64, Folded>,
    keys: (RandomState, RandomState),
    types: Vec<(Vec<u8>, u64)>,
    /// Whether the log begins later than with position 1, so that a stream may as well.
    begins_later: bool,
}

impl Order {
    /// The start of a log that begins at `first`.
    pub(super) fn of_log(first: Position) -> Self {
        Self {
            begins_later: first > Position(1),
            ..Self::default()
        }
    }

    /// Looks at the events of a frame from position `from` on.
    pub(super) fn check(
        &mut self,
        segment: &Path,
        frame: &Frame,
        from: Position,
    ) -> Result<(), Box<Fault>> {
        for record in frame.records() {
            let record = record.map_err(|damage| Box::new(damage_in(segment, damage)))?;
            if record.position < from {
                continue;
            }
            let high = self.keys.0.hash_one(record.stream);
            let low = self.keys.1.hash_one(record.stream);
            let key = u128::from(high) << 64 | u128::from(low);
            let unseen = if self.begins_later {
                record.revision.0
            } else {
                0
            };
            let next = self.next_revisions.entry(key).or_insert(unseen);
            if record.revision.0 != *next {
                let (next, revision) = (*next, record.revision);
                let reason = format!("revision {revision} in the place of revision {next}");
                return Err(Box::new(fault_in(
                    segment, frame, &record, reason, REPORT_IT,
                )));
            }
            *next += 1;
            self.count(record.event_type);
        }
        Ok(())
    }

    fn count(&mut self, event_type: &[u8]) {
        // There are few types, and the usual ones come first: cheaper than a hash.
        let place = self.types.iter().position(|(name, _)| name == event_type);
        match place {
            Some(place) => {
                self.types[place].1 += 1;
                if place > 0 && self.types[place].1 > self.types[place - 1].1 {
                    self.types.swap(place, place - 1);
                }
            }
            None if self.types.len() < TYPES_MAX => self.types.push((event_type.to_vec(), 1)),
            None => {
                if let Some((name, count)) = self.types.last_mut() {
                    "…".as_bytes().clone_into(name);
                    *count += 1;
                }
            }
        }
    }

    /// How many streams there are, and how many events of each type.
    pub(super) fn counts(&self) -> (u64, BTreeMap<String, u64>) {
        let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let types = self
            .types
            .iter()
            .map(|(bytes, count)| (name(bytes), *count));
        (self.next_revisions.len() as u64, types.collect())
    }
}

/// For keys that are hashes already.
#[derive(Clone, Copy, Default)]
pub(super) struct Folded;

impl BuildHasher for Folded {
    type Hasher = Half;

    fn build_hasher(&self) -> Half {
        Half::default()
    }
}

/// Takes half of a key.
#[derive(Default)]
pub(super) struct Half(u64);

impl std::hash::Hasher for Half {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}
