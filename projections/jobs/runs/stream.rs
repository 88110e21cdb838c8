//! Entries of several indexes of one order, as one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use tables::{Key, KeyBuilder, Range};

use super::index::Entry;
use super::place::{self, Place};
use crate::engine::{Answer, Reader};

/// How many entries are read at once at first, and at most: a page is often filled from the first few.
const CHUNK: usize = 32;
const CHUNK_MAX: usize = 512;

/// The entries of several indexes, in the order of their places.
pub(super) struct Merge<'r> {
    streams: Vec<Stream<'r>>,
    heads: BinaryHeap<Reverse<(Place, usize)>>,
}

impl<'r> Merge<'r> {
    /// Begins behind `after`.
    pub(super) fn new(
        reader: &'r Reader,
        prefixes: impl IntoIterator<Item = KeyBuilder>,
        after: Option<&Place>,
    ) -> Answer<Self> {
        let mut merge = Self {
            streams: Vec::new(),
            heads: BinaryHeap::new(),
        };
        for prefix in prefixes {
            let mut stream = Stream::new(reader, &prefix, after);
            if let Some(place) = stream.peek()? {
                merge.heads.push(Reverse((place, merge.streams.len())));
                merge.streams.push(stream);
            }
        }
        Ok(merge)
    }

    /// Where the next entry stands.
    pub(super) fn peek(&self) -> Option<&Place> {
        self.heads.peek().map(|Reverse((place, _))| place)
    }

    pub(super) fn next(&mut self) -> Answer<Option<Entry>> {
        let Some(Reverse((_, index))) = self.heads.pop() else {
            return Ok(None);
        };
        let stream = &mut self.streams[index];
        let entry = stream.entries.pop_front();
        if let Some(place) = stream.peek()? {
            self.heads.push(Reverse((place, index)));
        }
        Ok(entry)
    }
}

struct Stream<'r> {
    reader: &'r Reader,
    range: Option<Range<'static>>,
    chunk: usize,
    entries: VecDeque<Entry>,
}

impl<'r> Stream<'r> {
    fn new(reader: &'r Reader, prefix: &KeyBuilder, after: Option<&Place>) -> Self {
        let after: Option<Key> = after.map(|after| place::key(prefix.clone(), after));
        let range = Range::prefix(prefix.as_ref());
        let range = Range {
            from: range.from.map(|key| key.into_owned().into()),
            to: range.to.map(|key| key.into_owned().into()),
            reverse: false,
            limit: range.limit,
        };
        let range = match after {
            Some(after) => range.after(&after),
            None => range,
        };
        Self {
            reader,
            range: Some(range),
            chunk: CHUNK,
            entries: VecDeque::new(),
        }
    }

    fn peek(&mut self) -> Answer<Option<Place>> {
        while self.entries.is_empty() {
            let Some(range) = self.range.take() else {
                return Ok(None);
            };
            let found = self.reader.scan(range.clone().limit(self.chunk))?;
            for (key, value) in &found {
                if let Some(place) = place::of_key(key) {
                    let brief = self.reader.decode(value)?;
                    self.entries.push_back(Entry { place, brief });
                }
            }
            let last = found.last().filter(|_| found.len() == self.chunk);
            self.range = last.map(|(last, _)| range.after(last));
            self.chunk = CHUNK_MAX.min(self.chunk * 4);
        }
        Ok(self.entries.front().map(|entry| entry.place))
    }
}
