//! Writes a run, row by row and in order.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::AtomicBool;

use bytes::Bytes;

use super::block::{Cursor, Malformed, Written};
use super::builder::Builder;
use super::filter::{Filter, Kinds, hash};
use super::folder::Folder;
use super::footer::{Footer, write_summary};
use super::policy::Size;
use super::run::{Place, Run, Source, Span};
use crate::directory::reason_of;
use tables::{Key, TableError};

/// A block ends when it is at least so large.
pub(super) const BLOCK_BYTES: usize = if cfg!(test) { 64 } else { 4096 };

/// A run larger than this is a file of its own; a smaller one is held in memory, and is a value in
/// sled once it was persisted.
pub(super) const SMALL_BYTES_MAX: usize = if cfg!(test) { 512 } else { 32 * 1024 };

/// How much is handed to the file system at once.
const BUFFER_BYTES: usize = 256 * 1024;

pub(super) struct Writer<'f> {
    folder: &'f Folder,
    number: u64,
    kinds: Kinds,
    sink: Sink,
    offset: u64,
    rows: u64,
    hides: u64,
    block: Builder,
    index: Builder,
    top: Vec<(Key, Span)>,
    last_key: Key,
    hashes: Vec<u32>,
}

enum Sink {
    Memory(Vec<u8>),
    File(BufWriter<File>),
}

impl<'f> Writer<'f> {
    /// `kinds` are those of which a filter is kept.
    pub(super) fn new(folder: &'f Folder, kinds: Kinds) -> Self {
        Self {
            folder,
            number: folder.next_number(),
            kinds,
            sink: Sink::Memory(Vec::new()),
            offset: 0,
            rows: 0,
            hides: 0,
            block: Builder::default(),
            index: Builder::default(),
            top: Vec::new(),
            last_key: Key::new(),
            hashes: Vec::new(),
        }
    }

    /// Adds a row; its key is greater than those before.
    pub(super) fn push(&mut self, key: &[u8], value: Written<'_>) -> Result<(), TableError> {
        self.note(key);
        self.block.push(key, value);
        if self.block.len() >= BLOCK_BYTES {
            self.end_block()?;
        }
        Ok(())
    }

    /// Whether a block may be taken over as it is: what is begun would become too small a block
    /// otherwise.
    pub(super) fn is_between_blocks(&self) -> bool {
        self.block.len() == 0 || self.block.len() >= BLOCK_BYTES / 2
    }

    /// How large the block is that is begun, and how many bytes were written before it.
    #[cfg(test)]
    pub(super) fn state(&self) -> (usize, u64) {
        (self.block.len(), self.offset)
    }

    /// Takes a block of another run over as it is; its keys are greater than those before.
    pub(super) fn copy(&mut self, block: &Bytes) -> Result<Result<(), Malformed>, TableError> {
        self.end_block()?;
        let first_key = match self.note_block(block) {
            Ok(first_key) => first_key,
            Err(malformed) => return Ok(Err(malformed)),
        };
        let span = self.write_part(block)?;
        let place = Place { span, hides: false };
        self.end_index_entry(&first_key, place)?;
        Ok(Ok(()))
    }

    /// Takes note of the rows of a block that is taken over, and returns its first key.
    fn note_block(&mut self, block: &Bytes) -> Result<Key, Malformed> {
        let mut rows = Cursor::new(block.clone())?;
        if !rows.advance()? {
            return Err(Malformed);
        }
        let first_key = rows.key().to_vec();
        self.note(&first_key);
        while rows.advance()? {
            self.note(rows.key());
        }
        Ok(first_key)
    }

    fn note(&mut self, key: &[u8]) {
        self.rows += 1;
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        if self.kinds.has(key) {
            self.hashes.push(hash(key));
        }
    }

    fn end_block(&mut self) -> Result<(), TableError> {
        if self.block.len() == 0 {
            return Ok(());
        }
        let mut block = std::mem::take(&mut self.block);
        let span = self.write_part(block.seal())?;
        let hides = block.hides() > 0;
        self.hides += block.hides();
        self.end_index_entry(block.first_key(), Place { span, hides })?;
        self.block = block;
        self.block.clear();
        Ok(())
    }

    fn end_index_entry(&mut self, first_key: &[u8], place: Place) -> Result<(), TableError> {
        self.index.push(first_key, Some(&place.write()));
        if self.index.len() >= BLOCK_BYTES {
            self.end_index()?;
        }
        Ok(())
    }

    fn end_index(&mut self) -> Result<(), TableError> {
        if self.index.len() == 0 {
            return Ok(());
        }
        let mut index = std::mem::take(&mut self.index);
        let span = self.write_part(index.seal())?;
        self.top.push((index.first_key().to_vec(), span));
        self.index = index;
        self.index.clear();
        Ok(())
    }

    fn write_part(&mut self, part: &[u8]) -> Result<Span, TableError> {
        if self.folder.is_stopping() {
            return Err(TableError::Unavailable {
                reason: "the tables are being closed".to_owned(),
            });
        }
        let offset = self.offset;
        let length = u32::try_from(part.len()).map_err(|_| TableError::Unavailable {
            reason: format!(
                "a part of a run has {} bytes; the limit is 4 GiB",
                part.len()
            ),
        })?;
        self.write(part)?;
        self.write(&crc32c::crc32c(part).to_le_bytes())?;
        Ok(Span { offset, length })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), TableError> {
        self.offset += bytes.len() as u64;
        let written = match &mut self.sink {
            Sink::Memory(memory) => {
                memory.extend_from_slice(bytes);
                match memory.len() > SMALL_BYTES_MAX {
                    true => self.spill(),
                    false => Ok(()),
                }
            }
            Sink::File(file) => file.write_all(bytes),
        };
        written.map_err(|error| reason_of(&error))
    }

    /// Goes on in a file.
    fn spill(&mut self) -> io::Result<()> {
        if let Sink::Memory(memory) = &mut self.sink {
            let memory = std::mem::take(memory);
            let mut file = BufWriter::with_capacity(BUFFER_BYTES, self.folder.create(self.number)?);
            file.write_all(&memory)?;
            self.sink = Sink::File(file);
        }
        Ok(())
    }

    /// Ends the run; none when it has no row.
    pub(super) fn finish(mut self) -> Result<Option<Run>, TableError> {
        self.end_block()?;
        self.end_index()?;
        if self.rows == 0 {
            return Ok(None);
        }
        let mut top = Builder::default();
        for (first_key, span) in &self.top {
            let place = Place {
                span: *span,
                hides: false,
            };
            top.push(first_key, Some(&place.write()));
        }
        let filter = Filter::new(self.kinds, &self.hashes);
        let footer = Footer {
            number: self.number,
            rows: self.rows,
            hides: self.hides,
            top: self.write_part(top.seal())?,
            summary: self.write_part(&write_summary(&self.last_key, &filter))?,
        };
        self.write(&footer.write())?;
        let sink = std::mem::replace(&mut self.sink, Sink::Memory(Vec::new()));
        let source = match sink {
            Sink::Memory(bytes) => Source::Memory(bytes.into()),
            Sink::File(file) => {
                let file = file.into_inner();
                Source::File(file.map_err(|error| reason_of(error.error()))?)
            }
        };
        Ok(Some(Run {
            number: self.number,
            size: Size {
                bytes: self.offset,
                rows: self.rows,
                hides: self.hides,
            },
            top: std::mem::take(&mut self.top),
            last_key: std::mem::take(&mut self.last_key),
            filter,
            source,
            synced: AtomicBool::new(false),
            named: AtomicBool::new(false),
        }))
    }
}

impl Drop for Writer<'_> {
    /// Removes the file of a run that was not finished.
    fn drop(&mut self) {
        if matches!(self.sink, Sink::File(_)) {
            self.folder.remove(self.number);
        }
    }
}
