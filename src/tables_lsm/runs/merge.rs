//! Makes one run of several.
//!
//! Rows that are hidden by newer ones are left behind, and so is whatever hides rows that no older
//! run has. A block whose keys lie between those of the other runs is taken over as it is: what
//! grows at one end, as rows by number and lists by time do, is copied and never taken apart.

use std::sync::Arc;

use bytes::Bytes;

use super::block::Cursor;
use super::filter::Kinds;
use super::folder::Folder;
use super::gap::Gap;
use super::run::{CHECKSUM_BYTES, Place, Run, Source, Span, place_of};
use super::writer::Writer;
use tables::{Key, TableError};

/// How much of a run is read at once.
const AHEAD_BYTES: usize = if cfg!(test) { 256 } else { 128 * 1024 };

/// Makes one run of these, the newest first; `older` are those that come after them. None when no
/// row is left.
pub(super) fn merge(
    folder: &Folder,
    runs: &[Arc<Run>],
    older: &[Arc<Run>],
    kinds: Kinds,
) -> Result<Option<Run>, TableError> {
    let mut streams = Vec::new();
    for run in runs {
        let mut stream = Stream::new(run);
        if stream.next_block()? {
            streams.push(stream);
        }
    }
    let mut writer = Writer::new(folder, kinds);
    let mut gap = Gap::nowhere(folder, older);
    let mut limit_key = Key::new();
    while let Some(first) = first_of(&streams) {
        // Everything before the others' first key comes from one stream.
        let others = streams.iter().enumerate();
        let others = others.filter(|(index, _)| *index != first);
        let limit = others.map(|(_, other)| other.key()).min().map(|limit| {
            limit_key.clear();
            limit_key.extend_from_slice(limit);
            &limit_key[..]
        });
        let is_over = streams[first].move_to(limit, &mut writer, &mut gap)?;
        if is_over {
            streams.remove(first);
        } else if let Some(limit) = limit.filter(|limit| streams[first].key() == *limit) {
            settle(&mut streams, limit, &mut writer, &mut gap)?;
        }
    }
    writer.finish()
}

/// Writes the newest row of a key at which several streams are, and steps over it in all of them.
fn settle(
    streams: &mut Vec<Stream<'_>>,
    key: &[u8],
    writer: &mut Writer<'_>,
    gap: &mut Gap<'_>,
) -> Result<(), TableError> {
    let mut is_written = false;
    let mut index = 0;
    while index < streams.len() {
        let stream = &mut streams[index];
        if stream.key() != key {
            index += 1;
            continue;
        }
        if !is_written {
            stream.write_row(writer, gap)?;
            is_written = true;
        }
        match stream.advance()? {
            true => index += 1,
            false => drop(streams.remove(index)),
        }
    }
    Ok(())
}

/// The stream with the least key.
fn first_of(streams: &[Stream<'_>]) -> Option<usize> {
    let keys = streams.iter().map(Stream::key).enumerate();
    keys.min_by(|(_, one), (_, other)| one.cmp(other))
        .map(|(index, _)| index)
}

/// A run that is read from its beginning to its end.
struct Stream<'r> {
    run: &'r Run,
    ahead: Vec<u8>,
    ahead_offset: u64,
    next_index: usize,
    index: Option<Cursor>,
    /// The block that comes after this one.
    next: Option<(Key, Place)>,
    block: Bytes,
    place: Place,
    rows: Option<Cursor>,
    is_at_first: bool,
}

impl<'r> Stream<'r> {
    fn new(run: &'r Run) -> Self {
        Self {
            run,
            ahead: Vec::new(),
            ahead_offset: 0,
            next_index: 0,
            index: None,
            next: None,
            block: Bytes::new(),
            place: Place {
                span: Span::default(),
                hides: false,
            },
            rows: None,
            is_at_first: false,
        }
    }

    fn key(&self) -> &[u8] {
        self.rows.as_ref().map_or(&[], Cursor::key)
    }

    /// Writes the rows before `limit`, and ends at the first that is not; whether there is none.
    fn move_to(
        &mut self,
        limit: Option<&[u8]>,
        writer: &mut Writer<'_>,
        gap: &mut Gap<'_>,
    ) -> Result<bool, TableError> {
        loop {
            if limit.is_some_and(|limit| self.key() >= limit) {
                return Ok(false);
            }
            let is_there = if self.may_be_copied(limit) && writer.is_between_blocks() {
                let copied = writer.copy(&self.block)?;
                self.run.checked(copied)?;
                self.next_block()?
            } else {
                self.write_row(writer, gap)?;
                self.advance()?
            };
            if !is_there {
                return Ok(true);
            }
        }
    }

    /// Whether the whole block comes before `limit`, and nothing of it has been written.
    fn may_be_copied(&self, limit: Option<&[u8]>) -> bool {
        let end = match &self.next {
            Some((next, _)) => &next[..],
            None => &self.run.last_key[..],
        };
        let is_before = match (limit, &self.next) {
            (None, _) => true,
            (Some(limit), Some(_)) => end <= limit,
            (Some(limit), None) => end < limit,
        };
        self.is_at_first && !self.place.hides && is_before
    }

    fn write_row(&self, writer: &mut Writer<'_>, gap: &mut Gap<'_>) -> Result<(), TableError> {
        let Some(rows) = &self.rows else {
            return Ok(());
        };
        let value = rows.value();
        if value.is_none() && gap.has(rows.key())? {
            return Ok(());
        }
        writer.push(rows.key(), value)
    }

    /// Goes to the next row; whether there is one.
    fn advance(&mut self) -> Result<bool, TableError> {
        self.is_at_first = false;
        if let Some(rows) = &mut self.rows
            && self.run.checked(rows.advance())?
        {
            return Ok(true);
        }
        self.next_block()
    }

    /// Goes to the first row of the next block; whether there is one.
    fn next_block(&mut self) -> Result<bool, TableError> {
        let Some(place) = (match self.next.take() {
            Some((_, place)) => Some(place),
            None => self.next_place()?.map(|(_, place)| place),
        }) else {
            return Ok(false);
        };
        self.next = self.next_place()?;
        self.place = place;
        self.block = self.read_ahead(place.span)?;
        let mut rows = self.run.checked(Cursor::new(self.block.clone()))?;
        let is_there = self.run.checked(rows.advance())?;
        self.rows = Some(rows);
        self.is_at_first = true;
        Ok(is_there)
    }

    fn next_place(&mut self) -> Result<Option<(Key, Place)>, TableError> {
        loop {
            if let Some(index) = &mut self.index
                && self.run.checked(index.advance())?
            {
                let place = self.run.checked(place_of(index.value()))?;
                return Ok(Some((index.key().to_vec(), place)));
            }
            let Some((_, span)) = self.run.top.get(self.next_index) else {
                return Ok(None);
            };
            self.next_index += 1;
            let index = self.run.read(*span)?;
            self.index = Some(self.run.checked(Cursor::new(index))?);
        }
    }

    /// Reads a part, and what comes after it along with it.
    fn read_ahead(&mut self, span: Span) -> Result<Bytes, TableError> {
        if matches!(self.run.source, Source::Memory(_)) {
            return self.run.read(span);
        }
        let length = span.length as usize + CHECKSUM_BYTES;
        let held = span.offset.checked_sub(self.ahead_offset).and_then(|at| {
            let at = usize::try_from(at).ok()?;
            self.ahead.get(at..)?.get(..length)
        });
        let part = match held {
            Some(part) => Bytes::copy_from_slice(part),
            None => {
                let rest = self.run.size.bytes.saturating_sub(span.offset);
                let ahead = length.max(AHEAD_BYTES);
                let ahead = usize::try_from(rest).map_or(ahead, |rest| ahead.min(rest));
                self.ahead.resize(ahead, 0);
                self.run.read_at(&mut self.ahead, span.offset)?;
                self.ahead_offset = span.offset;
                let part = self.ahead.get(..length);
                Bytes::copy_from_slice(self.run.checked(part.ok_or(super::block::Malformed))?)
            }
        };
        self.run.verified(&part)
    }
}
