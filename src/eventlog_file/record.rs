//! One event in a frame.

use bytes::Bytes;
use eventlog::{EventType, NewEvent, Position, Recorded, Revision, StreamName};
use jiff::Timestamp;
use uuid::Uuid;

use crate::bytes_at::{array_at, u32_at};
use crate::varint;

/// What the log adds to an event when it takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Its place after the first position of its segment.
    pub(crate) delta: u64,
    /// Its place in its stream.
    pub(crate) revision: u64,
    /// When the log took it, in microseconds since 1970.
    pub(crate) recorded_us: i64,
}

/// An event in a buffer. It borrows everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream.
    pub revision: Revision,
    pub id: Uuid,
    pub version: u16,
    /// When the log took it, in microseconds since 1970.
    pub recorded_us: i64,
    /// The name of its stream, UTF-8.
    pub stream: &'a [u8],
    /// The name of its type, UTF-8.
    pub event_type: &'a [u8],
    /// What surrounds the fact.
    pub metadata: &'a [u8],
    pub data: &'a [u8],
}

/// The most bytes that an event takes in a frame, whatever its place. Used to decide what fits
/// before the event's place is known.
pub(crate) fn encoded_bytes_max(stream: &StreamName, event: &NewEvent) -> usize {
    stream.as_str().len() + event.event_type.as_str().len() + event.size() + 28 + 8 * 10
}

/// Appends an event to a frame. `salt` is the segment's.
pub(crate) fn encode(
    into: &mut Vec<u8>,
    salt: u32,
    stream: &StreamName,
    event: &NewEvent,
    place: Place,
) {
    let (stream, event_type) = (
        stream.as_str().as_bytes(),
        event.event_type.as_str().as_bytes(),
    );
    let names = [stream, event_type, &event.metadata];
    let numbers = [place.delta, place.revision, u64::from(event.version)];
    let length = 4
        + 16
        + 8
        + numbers
            .iter()
            .map(|&number| varint::length(number))
            .sum::<usize>()
        + names
            .iter()
            .map(|name| varint::length(name.len() as u64) + name.len())
            .sum::<usize>()
        + event.data.len();
    varint::write(into, length as u64);
    let checksum_at = into.len();
    into.extend_from_slice(&[0; 4]);
    varint::write(into, place.delta);
    varint::write(into, place.revision);
    varint::write(into, u64::from(event.version));
    into.extend_from_slice(event.id.as_bytes());
    into.extend_from_slice(&place.recorded_us.to_le_bytes());
    for name in names {
        varint::write(into, name.len() as u64);
        into.extend_from_slice(name);
    }
    into.extend_from_slice(&event.data);
    let checksum = crc32c::crc32c_append(salt, &into[checksum_at + 4..]);
    into[checksum_at..checksum_at + 4].copy_from_slice(&checksum.to_le_bytes());
}

/// Enough bytes to read a record's length from.
pub(crate) const VARINT_AND_MORE: u64 = varint::VARINT_BYTES_MAX as u64;

/// The length of a record after its length field, and the size of that field.
pub(crate) fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut rest = bytes;
    let length = usize::try_from(varint::read(&mut rest)?).ok()?;
    Some((length, bytes.len() - rest.len()))
}

/// Takes a record from the front of a frame whose checksum was right. `first` is the segment's
/// first position. `None` when the bytes are not a record.
pub(crate) fn decode<'a>(from: &mut &'a [u8], first: Position) -> Option<RecordRef<'a>> {
    let length = usize::try_from(varint::read(from)?).ok()?;
    let record = from.get(..length)?;
    *from = &from[length..];
    fields(record.get(4..)?, first)
}

/// As [`decode`], for a record that is read alone: its own checksum must be right.
pub(crate) fn decode_alone<'a>(
    from: &mut &'a [u8],
    salt: u32,
    first: Position,
) -> Option<RecordRef<'a>> {
    let length = usize::try_from(varint::read(from)?).ok()?;
    let record = from.get(..length)?;
    *from = &from[length..];
    let checked = record.get(4..)?;
    (crc32c::crc32c_append(salt, checked) == u32_at(record, 0)).then_some(())?;
    fields(checked, first)
}

fn fields(mut rest: &[u8], first: Position) -> Option<RecordRef<'_>> {
    let delta = varint::read(&mut rest)?;
    let revision = varint::read(&mut rest)?;
    let version = u16::try_from(varint::read(&mut rest)?).ok()?;
    if rest.len() < 24 {
        return None;
    }
    let id = Uuid::from_bytes(array_at(rest, 0));
    let recorded_us = i64::from_le_bytes(array_at(rest, 16));
    rest = &rest[24..];
    let stream = counted(&mut rest)?;
    let event_type = counted(&mut rest)?;
    let metadata = counted(&mut rest)?;
    Some(RecordRef {
        position: Position(first.0.checked_add(delta)?),
        revision: Revision(revision),
        id,
        version,
        recorded_us,
        stream,
        event_type,
        metadata,
        data: rest,
    })
}

fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint::read(rest)?).ok()?;
    let bytes = rest.get(..length)?;
    *rest = &rest[length..];
    Some(bytes)
}

impl RecordRef<'_> {
    /// The name of its stream; empty when it is not text, which a checksum that is right rules out.
    #[must_use]
    pub fn stream_name(&self) -> &str {
        str::from_utf8(self.stream).unwrap_or_default()
    }

    /// The name of its type, as [`RecordRef::stream_name`].
    #[must_use]
    pub fn type_name(&self) -> &str {
        str::from_utf8(self.event_type).unwrap_or_default()
    }

    /// The bytes of its fact and of what surrounds it.
    #[must_use]
    pub fn size(&self) -> usize {
        self.metadata.len() + self.data.len()
    }

    /// The event with bytes of its own, so that it holds on to nothing else.
    #[must_use]
    pub fn recorded_alone(&self) -> Option<Recorded> {
        let parts = [self.stream, self.event_type, self.metadata, self.data];
        let buffer = Bytes::from(parts.concat());
        let mut at = 0;
        let [stream, event_type, metadata, data] = parts.map(|part| {
            at += part.len();
            &buffer[at - part.len()..at]
        });
        RecordRef {
            stream,
            event_type,
            metadata,
            data,
            ..*self
        }
        .recorded(&buffer)
    }

    /// The event with its bytes as slices of `chunk`, which this record must lie in. Nothing is
    /// copied.
    ///
    /// `None` when a name is not text or the time is out of range.
    #[must_use]
    pub fn recorded(&self, chunk: &Bytes) -> Option<Recorded> {
        let slice = |part: &[u8]| {
            if part.is_empty() {
                Bytes::new()
            } else {
                chunk.slice_ref(part)
            }
        };
        Some(Recorded {
            position: self.position,
            stream: StreamName::from_trusted_bytes(slice(self.stream)).ok()?,
            revision: self.revision,
            id: self.id,
            event_type: EventType::from_trusted_bytes(slice(self.event_type)).ok()?,
            version: self.version,
            recorded_at: Timestamp::from_microsecond(self.recorded_us).ok()?,
            metadata: slice(self.metadata),
            data: slice(self.data),
        })
    }
}

#[cfg(test)]
mod tests;
