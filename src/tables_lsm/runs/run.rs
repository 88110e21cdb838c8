//! A sorted run of rows that never changes again.
//!
//! ```text
//! block ─ block ─ … ─ index ─ block ─ … ─ index ─ top ─ summary ─ footer
//! ```
//!
//! Every part but the footer is followed by its checksum. An index names the blocks before it by
//! their first keys, the top names the indexes; both are blocks themselves. The summary holds the
//! last key and the filter. Of a run in a file only the top and the summary are held in memory.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::block::{Cursor, Malformed, take_number};
use super::builder::put_number;
use super::cache::Cache;
use super::filter::Filter;
use super::footer::{FOOTER_BYTES, Footer, read_summary};
use super::policy::Size;
use crate::directory::reason_of;
use tables::{Key, TableError, Value};

/// What follows every part.
pub(super) const CHECKSUM_BYTES: usize = 4;

/// The place of a part within a run, without its checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) length: u32,
}

/// The entry of an index for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) span: Span,
    /// Whether any of its rows hides an older one.
    pub(super) hides: bool,
}

pub(crate) struct Run {
    pub(crate) number: u64,
    /// How long it is with everything, and what is in it.
    pub(super) size: Size,
    /// The indexes, by their first keys.
    pub(super) top: Vec<(Key, Span)>,
    pub(super) last_key: Key,
    pub(super) filter: Filter,
    pub(super) source: Source,
    /// Whether its bytes would survive a power cut.
    pub(super) synced: AtomicBool,
    /// Whether a manifest has named it: then its file may go only after another manifest has been
    /// written.
    pub(super) named: AtomicBool,
}

/// Where the bytes are.
pub(super) enum Source {
    Memory(Bytes),
    File(File),
}

impl Run {
    /// Opens a stored run, and checks its number, its length and its end.
    pub(super) fn open(number: u64, source: Source, bytes: u64) -> Result<Self, TableError> {
        let mut run = Self {
            number,
            size: Size {
                bytes,
                ..Size::default()
            },
            top: Vec::new(),
            last_key: Key::new(),
            filter: Filter::default(),
            source,
            synced: AtomicBool::new(true),
            named: AtomicBool::new(true),
        };
        let length = match &run.source {
            Source::Memory(bytes) => bytes.len() as u64,
            Source::File(file) => file.metadata().map_err(|error| reason_of(&error))?.len(),
        };
        if length != bytes {
            return Err(run.damaged(&format!("it has {length} bytes instead of {bytes}")));
        }
        let footer = run.footer().ok_or_else(|| run.damaged("it has no end"))??;
        (run.size.rows, run.size.hides) = (footer.rows, footer.hides);
        let mut top = run.checked(Cursor::new(run.read(footer.top)?))?;
        while run.checked(top.advance())? {
            let place = run.checked(place_of(top.value()))?;
            run.top.push((top.key().to_vec(), place.span));
        }
        let summary = run.read(footer.summary)?;
        let (last_key, filter) = read_summary(&summary).ok_or_else(|| run.unreadable())?;
        (run.last_key, run.filter) = (last_key, filter);
        Ok(run)
    }

    pub(super) fn open_file(path: &Path, number: u64, bytes: u64) -> Result<Self, TableError> {
        match File::open(path) {
            Ok(file) => Self::open(number, Source::File(file), bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(TableError::Damaged {
                reason: format!("run {number} is missing"),
            }),
            Err(error) => Err(reason_of(&error)),
        }
    }

    fn footer(&self) -> Option<Result<Footer, TableError>> {
        let offset = self.size.bytes.checked_sub(FOOTER_BYTES as u64)?;
        let mut bytes = [0; FOOTER_BYTES];
        if let Err(error) = self.read_at(&mut bytes, offset) {
            return Some(Err(error));
        }
        let footer = Footer::read(&bytes)?;
        (footer.number == self.number).then_some(Ok(footer))
    }

    pub(super) fn is_in_file(&self) -> bool {
        matches!(self.source, Source::File(_))
    }

    /// Makes it survive a power cut, if it is in a file; whether there was anything to do.
    pub(super) fn sync(&self) -> io::Result<bool> {
        match &self.source {
            Source::File(file) if !self.synced.load(Ordering::Acquire) => {
                file.sync_data()?;
                self.synced.store(true, Ordering::Release);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether the key may be in this run, decided without a read.
    pub(super) fn may_hold(&self, key: &[u8], hash: u32) -> bool {
        let first = self.top.first();
        first.is_some_and(|(first, _)| first[..] <= *key)
            && *key <= self.last_key[..]
            && self.filter.admits(key, hash)
    }

    /// The row of a key in this run; none when it has no such row.
    pub(super) fn find(
        &self,
        cache: &Cache,
        key: &[u8],
    ) -> Result<Option<Option<Value>>, TableError> {
        let Some(index) = self
            .top
            .partition_point(|(first, _)| first[..] <= *key)
            .checked_sub(1)
        else {
            return Ok(None);
        };
        let index = self.block(cache, self.top[index].1)?;
        let span = self.checked(span_in(index, key))?;
        let Some(span) = span else {
            return Ok(None);
        };
        let block = self.block(cache, span)?;
        self.checked(value_in(block, key))
    }

    /// A block, from the cache if it was read lately.
    pub(super) fn block(&self, cache: &Cache, span: Span) -> Result<Bytes, TableError> {
        if matches!(self.source, Source::Memory(_)) {
            return self.read(span);
        }
        let place = (self.number, span.offset);
        if let Some(block) = cache.get(place) {
            return Ok(block);
        }
        let block = self.read(span)?;
        cache.put(place, block.clone());
        Ok(block)
    }

    /// Reads a part and checks it.
    pub(super) fn read(&self, span: Span) -> Result<Bytes, TableError> {
        let end = span.offset + u64::from(span.length) + CHECKSUM_BYTES as u64;
        if end > self.size.bytes {
            return Err(self.unreadable());
        }
        let length = span.length as usize + CHECKSUM_BYTES;
        let part = match &self.source {
            Source::Memory(bytes) => {
                let offset = span.offset as usize;
                bytes.slice(offset..offset + length)
            }
            Source::File(_) => {
                let mut part = vec![0; length];
                self.read_at(&mut part, span.offset)?;
                part.into()
            }
        };
        self.verified(&part)
    }

    /// A part without its checksum, if that is right.
    pub(super) fn verified(&self, part: &Bytes) -> Result<Bytes, TableError> {
        let length = part.len() - CHECKSUM_BYTES;
        let (body, checksum) = part.split_at(length);
        if crc32c::crc32c(body).to_le_bytes() != checksum {
            return Err(self.unreadable());
        }
        Ok(part.slice(..length))
    }

    pub(super) fn read_at(&self, into: &mut [u8], offset: u64) -> Result<(), TableError> {
        match &self.source {
            Source::Memory(bytes) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                let found = bytes.get(offset..).and_then(|rest| rest.get(..into.len()));
                into.copy_from_slice(found.ok_or_else(|| self.unreadable())?);
                Ok(())
            }
            Source::File(file) => {
                file.read_exact_at(into, offset)
                    .map_err(|error| match error.kind() {
                        ErrorKind::UnexpectedEof => self.damaged("its end is missing"),
                        _ => reason_of(&error),
                    })
            }
        }
    }

    pub(super) fn checked<T>(&self, read: Result<T, Malformed>) -> Result<T, TableError> {
        read.map_err(|Malformed| self.unreadable())
    }

    fn unreadable(&self) -> TableError {
        self.damaged("it holds a block that cannot be read")
    }

    fn damaged(&self, what: &str) -> TableError {
        TableError::Damaged {
            reason: format!("run {}: {what}", self.number),
        }
    }
}

impl Place {
    pub(super) fn write(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12);
        bytes.push(u8::from(self.hides));
        put_number(&mut bytes, self.span.offset);
        put_number(&mut bytes, u64::from(self.span.length));
        bytes
    }
}

/// Reads what [`Place::write`] wrote.
pub(super) fn place_of(value: Option<&[u8]>) -> Result<Place, Malformed> {
    let (hides, mut rest) = value.and_then(<[u8]>::split_first).ok_or(Malformed)?;
    let offset = take_number(&mut rest)?;
    let length = u32::try_from(take_number(&mut rest)?).map_err(|_| Malformed)?;
    Ok(Place {
        span: Span { offset, length },
        hides: *hides != 0,
    })
}

/// The block that may hold the key.
fn span_in(index: Bytes, key: &[u8]) -> Result<Option<Span>, Malformed> {
    let mut places = Cursor::new_near(index, key)?;
    let mut found = None;
    while places.advance()? && places.key() <= key {
        found = Some(place_of(places.value())?.span);
    }
    Ok(found)
}

fn value_in(block: Bytes, key: &[u8]) -> Result<Option<Option<Value>>, Malformed> {
    let mut rows = Cursor::new_near(block, key)?;
    while rows.advance()? {
        if rows.key() >= key {
            let is_it = rows.key() == key;
            return Ok(is_it.then(|| rows.value().map(Value::copy_from_slice)));
        }
    }
    Ok(None)
}
