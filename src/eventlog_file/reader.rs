//! Reads what is visible.

use std::sync::Arc;

use bytes::Bytes;
use eventlog::{Filter, Page, PageLimit, Position, ReadError, Recorded, Revision, StreamName};
use uuid::Uuid;

use crate::fault::{Damage, Fault, not_opened, read_error};
use crate::frames::Frame;
use crate::record::RecordRef;
use crate::record_reader::RecordReader;
use crate::segment::Segment;
use crate::shared::Shared;
use crate::sidecar::is_kept;

/// How much is read at once for a page.
const PAGE_CHUNK_BYTES_MAX: usize = 512 * 1024;

/// How many events of a stream that were written lately are read without going aside. They are in
/// the page cache, so this is some microseconds of copying.
const READ_NOW_EVENTS_MAX: u32 = 64;

/// How far a downward read goes back at once.
const BACK_BYTES: u64 = 128 * 1024;

/// Fills a page.
struct Collector<'a> {
    filter: &'a Filter,
    limit: PageLimit,
    page: Page,
    examined: usize,
    bytes: usize,
}

impl<'a> Collector<'a> {
    fn new(from: Position, filter: &'a Filter, limit: PageLimit) -> Self {
        Self {
            filter,
            limit,
            page: Page {
                events: Vec::new(),
                next: from,
                end: true,
            },
            examined: 0,
            bytes: 0,
        }
    }

    fn chunk_bytes(&self) -> usize {
        // Small pages read little; the events of this app are some hundred bytes long.
        self.limit
            .events
            .saturating_mul(1024)
            .clamp(16 * 1024, PAGE_CHUNK_BYTES_MAX)
    }

    /// Looks at the next event. `Ok(false)` when the page was full before it.
    fn take(&mut self, record: &RecordRef<'_>, chunk: &Bytes) -> Option<bool> {
        if self.examined >= self.limit.examined || self.page.events.len() >= self.limit.events {
            self.page.end = false;
            return Some(false);
        }
        if self.admits(record) {
            if !self.page.events.is_empty() && self.bytes + record.size() > self.limit.bytes {
                self.page.end = false;
                return Some(false);
            }
            self.bytes += record.size();
            // What a filter leaves over may be one event of a large chunk; a copy lets go of the
            // rest.
            let event = match self.filter.is_all() {
                true => record.recorded(chunk)?,
                false => record.recorded_alone()?,
            };
            self.page.events.push(event);
        }
        self.examined += 1;
        self.page.next = record.position;
        Some(true)
    }

    fn admits(&self, record: &RecordRef<'_>) -> bool {
        self.filter.is_all()
            || self
                .filter
                .admits_names(record.stream_name(), record.type_name())
    }
}

fn unreadable(segment: &Segment, frame: &Frame, position: Position) -> ReadError {
    let damage = Damage {
        offset: frame.offset,
        position,
        reason: "a record's name or time is not what it should be".to_owned(),
    };
    ReadError::Fault(Fault::new(&segment.path, damage).place())
}

fn damaged(segment: &Segment) -> impl Fn(Damage) -> ReadError {
    move |damage| ReadError::Fault(Fault::new(&segment.path, damage).place())
}

impl Shared {
    /// As [`eventlog::EventLog::read_all`], on this thread.
    pub(crate) fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let head = self.head();
        let mut collector = Collector::new(after, filter, limit);
        if after >= head {
            return Ok(collector.page);
        }
        let from = after.0 + 1;
        // A log may begin later than at its first position, and is read from where it begins.
        let mut segment = self.segment_of(from.max(self.first().0));
        while let Some(current) = segment {
            if !self.read_segment(&current, from, head, &mut collector)? {
                break;
            }
            segment = self.segment_after(current.first());
        }
        Ok(collector.page)
    }

    /// Reads upwards within one segment; false when the page is full or the head is reached.
    fn read_segment(
        &self,
        segment: &Segment,
        from: u64,
        head: Position,
        collector: &mut Collector<'_>,
    ) -> Result<bool, ReadError> {
        let file = self
            .files
            .open(&segment.path)
            .map_err(not_opened(&segment.path, segment.first()))?;
        let mut frames = segment.reader(file, from, 0, collector.chunk_bytes());
        while let Some(frame) = frames.next().map_err(read_error(&segment.path))? {
            if frame.header.next() <= from {
                continue;
            }
            for record in frame.records() {
                let record = record.map_err(damaged(segment))?;
                if record.position.0 < from {
                    continue;
                }
                // What became visible after the read began is for the next read.
                if record.position > head {
                    return Ok(false);
                }
                match collector.take(&record, &frame.body) {
                    Some(true) => {}
                    Some(false) => return Ok(false),
                    None => return Err(unreadable(segment, &frame, record.position)),
                }
            }
        }
        Ok(true)
    }

    /// As [`eventlog::EventLog::read_all_back`], on this thread.
    pub(crate) fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let mut collector = Collector::new(before, filter, limit);
        let mut target = before.0.saturating_sub(1).min(self.head().0);
        while target > 0 {
            let Some(segment) = self.segment_of(target) else {
                break;
            };
            match self.read_block_back(&segment, target, &mut collector)? {
                Some(next) => target = next,
                None => break,
            }
        }
        Ok(collector.page)
    }

    /// Reads a block that ends with `target` downwards; the position to go on with, or `None` when
    /// the page is full.
    fn read_block_back(
        &self,
        segment: &Segment,
        target: u64,
        collector: &mut Collector<'_>,
    ) -> Result<Option<u64>, ReadError> {
        let file = self
            .files
            .open(&segment.path)
            .map_err(not_opened(&segment.path, segment.first()))?;
        let back = BACK_BYTES.min(collector.chunk_bytes() as u64);
        let mut reader = segment.reader(file, target, back, BACK_BYTES as usize);
        let start = reader.next_position();
        let mut frames = Vec::new();
        while let Some(frame) = reader.next().map_err(read_error(&segment.path))? {
            if frame.header.first > target {
                break;
            }
            frames.push(frame);
            if reader.next_position() > target {
                break;
            }
        }
        for frame in frames.iter().rev() {
            let records: Vec<_> = frame
                .records()
                .collect::<Result<_, _>>()
                .map_err(damaged(segment))?;
            for record in records.iter().rev() {
                if record.position.0 > target {
                    continue;
                }
                match collector.take(record, &frame.body) {
                    Some(true) => {}
                    Some(false) => return Ok(None),
                    None => return Err(unreadable(segment, frame, record.position)),
                }
            }
        }
        Ok(Some(start.saturating_sub(1)))
    }

    /// As [`eventlog::EventLog::read_stream`], on this thread.
    pub(crate) fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        let key = self.keys.of(stream);
        let mut holders: Vec<Arc<Segment>> = Vec::new();
        for segment in self.segments().into_iter().rev() {
            if let Some(span) = segment.span(&self.view(), key, stream)? {
                if span.head() >= from.0 {
                    holders.push(segment);
                }
                if span.first <= from.0 {
                    break;
                }
            }
        }
        let mut events = Vec::new();
        for segment in holders.iter().rev() {
            let wanted = limit - events.len();
            if wanted == 0 {
                break;
            }
            let offsets = segment.offsets(&self.view(), key, stream, from.0, wanted)?;
            let mut reader = RecordReader::new(&self.files, segment, &offsets)?;
            for offset in offsets {
                events.push(reader.recorded(offset)?);
            }
        }
        Ok(events)
    }

    /// As [`Shared::read_stream`], if it is clear from what is in memory that it takes no wait for
    /// the disk: all that is wanted was written lately and is little, or there is nothing.
    pub(crate) fn read_stream_now(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Option<Result<Vec<Recorded>, ReadError>> {
        let key = self.keys.of(stream);
        let mut count = 0;
        for segment in self.segments.read().iter().rev() {
            let span = segment.span_in_memory(key, stream)?;
            if let Some(span) = span {
                count += span.count;
                if span.first <= from.0 {
                    break;
                }
            }
        }
        (count <= READ_NOW_EVENTS_MAX).then(|| self.read_stream(stream, from, limit))
    }

    /// As [`Shared::head_of`], if the memory index has it.
    pub(crate) fn head_now(&self, stream: &StreamName) -> Option<Option<u64>> {
        let key = self.keys.of(stream);
        for segment in self.segments.read().iter().rev() {
            if let Some(span) = segment.span_in_memory(key, stream)? {
                return Some(Some(span.head()));
            }
        }
        Some(None)
    }

    /// As [`eventlog::EventLog::find`], on this thread.
    pub(crate) fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        if let Some(position) = self.ids.read().get(id) {
            return Ok(Some(Position(position)));
        }
        Ok(self.find_sealed(id)?.map(|event| event.position))
    }

    /// The event with an id that may have left the window.
    pub(crate) fn find_sealed(&self, id: Uuid) -> Result<Option<Recorded>, ReadError> {
        if !is_kept(id) {
            return Ok(None);
        }
        for segment in self.segments.read().iter().rev() {
            if let Some(event) = segment.event_with_id(&self.view(), id)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    pub(crate) fn event_at(&self, position: u64) -> Result<Option<Recorded>, ReadError> {
        let page = self.read_all(
            Position(position.saturating_sub(1)),
            &Filter::all(),
            PageLimit::events(1),
        )?;
        Ok(page.events.into_iter().next())
    }
}
