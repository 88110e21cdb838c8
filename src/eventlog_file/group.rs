//! Batches that are checked in the order they came and written as one frame.

use std::collections::HashMap;

use eventlog::{Append, AppendError, Appended, Position, ReadError, Receipt, Revision, StreamName};
use uuid::Uuid;

use crate::frame::FRAME_HEADER_BYTES;
use crate::keys::{IdMap, Keys, StreamKey, StreamMap};
use crate::memory_index::Added;
use crate::record::{self, Place};

/// What a group needs to know of the log as it is on the disk.
pub(crate) trait Known {
    /// The revision of a stream's last event.
    fn head(&mut self, key: StreamKey, stream: &StreamName) -> Result<Option<u64>, ReadError>;
    /// The place and stream of the event with this id.
    fn event(&mut self, id: Uuid) -> Result<Option<(StreamKey, Receipt)>, ReadError>;
}

/// The place of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground {
    pub(crate) salt: u32,
    /// The segment's first position.
    pub(crate) segment_first: u64,
    /// Where the frame will begin, in bytes from the start of the segment.
    pub(crate) offset: u64,
    /// The position of the frame's first event.
    pub(crate) first: u64,
    pub(crate) recorded_us: i64,
}

/// The frame that is being put together, and what it changes.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) frame: Vec<u8>,
    pub(crate) added: Vec<Added>,
    pub(crate) new_ids: Vec<Uuid>,
    heads: StreamMap<u64>,
    ids: IdMap<(StreamKey, Receipt)>,
    /// The parts of the batch that is being looked at: the stream, and the revision of the first
    /// event.
    parts: Vec<(StreamKey, u64)>,
    moved: StreamMap<u64>,
}

impl Group {
    /// Clears it for a new group.
    pub(crate) fn clear(&mut self) {
        // Buffers are kept, but not those of a batch that was larger than most.
        if self.frame.capacity() > 4 * 1024 * 1024 {
            self.frame = Vec::new();
        }
        self.frame.clear();
        self.frame.resize(FRAME_HEADER_BYTES, 0);
        self.added.clear();
        self.new_ids.clear();
        self.heads.clear();
        self.ids.clear();
    }

    /// Checks a batch against the log and what the group holds, and adds it.
    ///
    /// # Errors
    /// What is wrong with it; nothing of it was added then.
    pub(crate) fn admit(
        &mut self,
        ground: Ground,
        keys: &Keys,
        known: &mut impl Known,
        batch: &[Append],
    ) -> Result<Appended, AppendError> {
        if let Some(first_result) = self.first_result(keys, known, batch)? {
            return Ok(first_result);
        }
        self.check_expectations(keys, known, batch)?;
        let mut receipts = Vec::with_capacity(batch.iter().map(|part| part.events.len()).sum());
        for (index, Append { stream, events, .. }) in batch.iter().enumerate() {
            let (key, first) = self.parts[index];
            for (event, revision) in events.iter().zip(first..) {
                let position = ground.first + self.added.len() as u64;
                let place = Place {
                    delta: position - ground.segment_first,
                    revision,
                    recorded_us: event
                        .recorded_at
                        .map_or(ground.recorded_us, jiff::Timestamp::as_microsecond),
                };
                let receipt = Receipt {
                    position: Position(position),
                    revision: Revision(revision),
                };
                self.added.push(Added {
                    key,
                    revision,
                    offset: (ground.offset + self.frame.len() as u64) as u32,
                });
                record::encode(&mut self.frame, ground.salt, stream, event, place);
                self.new_ids.push(event.id);
                self.ids.insert(event.id, (key, receipt));
                receipts.push(receipt);
            }
            self.heads.insert(key, first + events.len() as u64 - 1);
        }
        Ok(Appended {
            receipts,
            repeated: false,
        })
    }

    /// The first result of a batch whose ids are all known.
    fn first_result(
        &self,
        keys: &Keys,
        known: &mut impl Known,
        batch: &[Append],
    ) -> Result<Option<Appended>, AppendError> {
        let mut found = HashMap::new();
        for event in batch.iter().flat_map(|part| &part.events) {
            let place = match self.ids.get(&event.id) {
                Some(&place) => Some(place),
                None => known.event(event.id).map_err(|error| unreadable(&error))?,
            };
            if let Some(place) = place {
                found.insert(event.id, place);
            }
        }
        if found.is_empty() {
            return Ok(None);
        }
        eventlog::append::first_result(batch, |stream, id| {
            let &(key, receipt) = found.get(&id)?;
            Some((key == keys.of(stream), receipt))
        })
    }

    /// Checks what a batch expects, each part seeing its stream as the parts before it leave it,
    /// and leaves in `parts` where each part begins.
    fn check_expectations(
        &mut self,
        keys: &Keys,
        known: &mut impl Known,
        batch: &[Append],
    ) -> Result<(), AppendError> {
        self.parts.clear();
        self.moved.clear();
        for Append {
            stream,
            expected,
            events,
        } in batch
        {
            let key = keys.of(stream);
            let moved = self.moved.get(&key).or_else(|| self.heads.get(&key));
            let actual = match moved {
                Some(&head) => Some(head),
                None => known
                    .head(key, stream)
                    .map_err(|error| unreadable(&error))?,
            };
            if !expected.admits(actual.map(Revision)) {
                return Err(AppendError::Conflict {
                    stream: stream.clone(),
                    expected: *expected,
                    actual: actual.map(Revision),
                });
            }
            let first = actual.map_or(0, |head| head + 1);
            self.parts.push((key, first));
            if batch.len() > 1 {
                self.moved.insert(key, first + events.len() as u64 - 1);
            }
        }
        Ok(())
    }
}

/// A batch that cannot be checked is not written. Nothing is half done, so the log goes on.
fn unreadable(error: &ReadError) -> AppendError {
    AppendError::Stopped {
        reason: error.to_string(),
    }
}
