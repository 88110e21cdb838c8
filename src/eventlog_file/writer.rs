//! The writer: a group of batches, one frame, one flush, then all callers are answered.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Instant;

use eventlog::{AppendError, Position, ReadError, Receipt, StreamName};
use uuid::Uuid;

use crate::create;
use crate::frame::{self, FRAME_HEADER_BYTES, FrameKind};
use crate::group::{Ground, Group, Known};
use crate::head_recorder::HeadRecorder;
use crate::header::FRAMES_START;
use crate::heads::HeadCache;
use crate::keeper::Keeper;
use crate::keys::StreamKey;
use crate::queue::{Outcome, Request};
use crate::segment::{Index, Segment};
use crate::shared::{Shared, Stop};
use crate::stats::add;

/// The next segment is prepared only while frames are shorter than this. A large flush is not
/// slowed by a growing file, and zeros that are written beforehand compete with it for the disk.
const PREPARE_FRAME_BYTES_MAX: u64 = 128 * 1024;

/// The writer. Its holder may commit.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) keeper: Keeper,
    pub(crate) recorder: Option<HeadRecorder>,
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: File,
    /// Where the next frame begins.
    pub(crate) offset: u64,
    /// How many frames were written to the segment since it was opened.
    pub(crate) frames: u64,
    /// The position of the next event.
    pub(crate) next: u64,
    /// Whether the last frame is a mark.
    pub(crate) marked: bool,
    pub(crate) heads: HeadCache,
    pub(crate) group: Group,
    pub(crate) outcomes: Vec<Outcome>,
}

impl Writer {
    /// Commits requests as one frame. One outcome per request is left in `outcomes`, in their
    /// order.
    pub(crate) fn commit<'a>(&mut self, requests: impl Iterator<Item = &'a Request> + Clone) {
        self.outcomes.clear();
        let count = requests.clone().count();
        let bytes = requests.clone().map(|request| request.bytes).sum();
        let _span = tracing::debug_span!("append", appends = count, bytes).entered();
        if let Err(stop) = self.make_space(bytes) {
            self.refuse(count, &stop.error);
            *self.shared.stopped.lock() = Some(stop);
            return;
        }
        let ground = Ground {
            salt: self.segment.header.salt,
            segment_first: self.segment.first(),
            offset: self.offset,
            first: self.next,
            recorded_us: (self.shared.config.clock)().as_microsecond(),
        };
        let mut group = std::mem::take(&mut self.group);
        group.clear();
        let mut outcomes = std::mem::take(&mut self.outcomes);
        let shared = self.shared.clone();
        let active = self.segment.index();
        let mut known = OnDisk {
            shared: &shared,
            active: &active,
            heads: &mut self.heads,
        };
        for request in requests {
            outcomes.push(group.admit(ground, &shared.keys, &mut known, &request.batch));
        }
        self.outcomes = outcomes;
        self.count_refusals();
        if !group.added.is_empty()
            && let Err(error) = self.write(&mut group)
        {
            let reason = format!("writing to {} failed: {error}", self.segment.path.display());
            tracing::error!(%reason, "the log has stopped: {reason}");
            add(&self.shared.counters.unknown, count as u64);
            let unknown = AppendError::Unknown {
                reason: reason.clone(),
            };
            *self.shared.stopped.lock() = Some(Stop {
                error: AppendError::Stopped { reason },
                passing: false,
            });
            // Even a refusal may rest on what this frame was to write, so the whole group is
            // unsettled.
            self.refuse(count, &unknown);
        }
        self.group = group;
    }

    /// Writes the group's frame, makes it durable and shows it to readers.
    fn write(&mut self, group: &mut Group) -> io::Result<()> {
        let count = group.added.len();
        let salt = self.segment.header.salt;
        frame::finish(
            &mut group.frame,
            salt,
            FrameKind::Events,
            count as u32,
            self.next,
        );
        let shared = &self.shared;
        shared
            .disk
            .write_at(&self.file, &self.segment.path, &group.frame, self.offset)?;
        // sync_data, not flush: the page cache does not survive a power cut, and an answer promises
        // that the event does.
        let began = Instant::now();
        shared.disk.sync(&self.file, &self.segment.path)?;
        shared.counters.synced(began.elapsed());
        add(&shared.counters.events, count as u64);
        add(&shared.counters.bytes, group.frame.len() as u64);

        let frame_offset = self.offset;
        self.offset += group.frame.len() as u64;
        self.next += count as u64;
        self.frames += 1;
        self.marked = false;
        {
            let mut ids = shared.ids.write();
            for &id in &group.new_ids {
                ids.push(id);
            }
        }
        self.segment
            .publish(&group.added, frame_offset, self.offset);
        shared.head.send_replace(Position(self.next - 1));
        if let Some(recorder) = &self.recorder {
            recorder.head_moved();
        }
        Ok(())
    }

    fn count_refusals(&self) {
        let counters = &self.shared.counters;
        for outcome in &self.outcomes {
            match outcome {
                Ok(appended) if appended.repeated => add(&counters.repeated, 1),
                Ok(appended) => counters.written(appended.receipts.len()),
                Err(AppendError::Conflict { .. }) => add(&counters.conflicts, 1),
                Err(_) => {}
            }
        }
    }

    /// Answers every batch of a group with the same error.
    fn refuse(&mut self, count: usize, error: &AppendError) {
        self.outcomes.clear();
        self.outcomes.resize_with(count, || Err(error.clone()));
    }

    /// Makes sure that a frame with so many bytes of records has a place.
    fn make_space(&mut self, bytes: usize) -> Result<(), Stop> {
        let stopped = self.shared.stopped.lock().clone();
        if let Some(stop) = &stopped
            && !stop.passing
        {
            return Err(stop.clone());
        }
        let end = self.offset + (FRAME_HEADER_BYTES + bytes) as u64;
        let segment_bytes = self.segment_bytes();
        if end > segment_bytes && self.next > self.segment.first() {
            self.roll().map_err(|error| {
                let error = not_made(&error);
                if stopped.is_none() {
                    tracing::error!(%error, "the log has stopped for now: {error}");
                }
                Stop {
                    error,
                    passing: true,
                }
            })?;
        } else if self.offset > segment_bytes / 4 && self.frame_bytes() < PREPARE_FRAME_BYTES_MAX {
            self.keeper.prepare();
        }
        if stopped.is_some() {
            self.go_on();
        }
        Ok(())
    }

    /// Checks whether the cause of the stop has ended: no append may come to try, because clients
    /// that check readiness first send nothing.
    pub(crate) fn look_again(&mut self) {
        if self.shared.stops_for_now() && self.roll().is_ok() {
            self.go_on();
        }
    }

    fn go_on(&self) {
        *self.shared.stopped.lock() = None;
        tracing::info!("the log writes again");
    }

    /// How long the frames of this segment are in the mean, in bytes.
    fn frame_bytes(&self) -> u64 {
        (self.offset - FRAMES_START) / self.frames.max(1)
    }

    fn segment_bytes(&self) -> u64 {
        match self.segment.first() {
            1 => create::first_segment_bytes(&self.shared.config),
            _ => self.shared.config.segment_bytes,
        }
    }

    /// Goes on in a new segment. When it fails, nothing has changed.
    fn roll(&mut self) -> io::Result<()> {
        let prepared = self.keeper.take_prepared();
        let Index::Memory(index) = self.segment.index() else {
            return Err(io::Error::other("the active segment has no index"));
        };
        let index = index.read();
        let next_index = index.empty_alike();
        let make =
            |prepared, index| create::create(&self.shared, Position(self.next), prepared, index);
        let (segment, file) = match make(prepared, next_index) {
            // The segment in preparation may hold the space, and is the next segment then.
            Err(error) if is_full(&error) => match self.keeper.wait_for_prepared() {
                Some(file) => make(Some(file), index.empty_alike())?,
                None => return Err(error),
            },
            made => made?,
        };
        for (key, head) in index.heads() {
            self.heads.put(key, head);
        }
        let sealed = std::mem::replace(&mut self.segment, segment.clone());
        self.file = file;
        self.offset = self.segment.end();
        self.frames = 0;
        self.shared.segments.write().push(segment);
        self.keeper.seal(&self.shared, sealed);
        Ok(())
    }

    /// Writes the mark: everything before it is durable.
    pub(crate) fn mark(&mut self) -> io::Result<()> {
        if self.marked || self.shared.stopped.lock().is_some() {
            return Ok(());
        }
        let mark = frame::mark(self.segment.header.salt, self.next);
        let disk = &self.shared.disk;
        disk.write_at(&self.file, &self.segment.path, &mark, self.offset)?;
        disk.sync(&self.file, &self.segment.path)?;
        self.offset += mark.len() as u64;
        self.marked = true;
        Ok(())
    }
}

/// What it means that there is no next segment. Nothing is half done.
fn not_made(error: &io::Error) -> AppendError {
    let reason = format!("the next segment cannot be made: {error}");
    match is_full(error) {
        true => AppendError::Full { reason },
        false => AppendError::Stopped { reason },
    }
}

fn is_full(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// The log as it is on the disk, for checking a batch.
struct OnDisk<'a> {
    shared: &'a Shared,
    active: &'a Index,
    heads: &'a mut HeadCache,
}

impl Known for OnDisk<'_> {
    fn head(&mut self, key: StreamKey, stream: &StreamName) -> Result<Option<u64>, ReadError> {
        if let Index::Memory(active) = self.active
            && let Some(span) = active.read().span(key)
        {
            return Ok(Some(span.head()));
        }
        if let Some(head) = self.heads.get(key) {
            return Ok(Some(head));
        }
        let head = self.shared.noting(self.shared.head_of(key, stream))?;
        if let Some(head) = head {
            self.heads.put(key, head);
        }
        Ok(head)
    }

    fn event(&mut self, id: Uuid) -> Result<Option<(StreamKey, Receipt)>, ReadError> {
        let position = self.shared.ids.read().get(id);
        let event = match position {
            Some(position) => self.shared.event_at(position),
            None => self.shared.find_sealed(id),
        };
        let event = self.shared.noting(event)?;
        Ok(event.map(|event| {
            let receipt = Receipt {
                position: event.position,
                revision: event.revision,
            };
            (self.shared.keys.of(&event.stream), receipt)
        }))
    }
}
