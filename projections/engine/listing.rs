//! Pages of lists: what they hold, where the next one goes on, and how much one may look at.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::{KeyBuilder, Range};

use super::reader::{Answer, Reader};
use super::stored;

/// The most rows that one page may look at, admitted or not. A page that ends here has the start of
/// the next one, so that a filter which admits little costs many short requests instead of a long
/// one.
pub const EXAMINED_MAX: usize = 10_000;

/// The most bytes that the rows or events of one page have together, but for the first of them, which is always on
/// its page: fewer are answered, and where to go on.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How many entries of an index are read at once.
const CHUNK: usize = 256;

/// Where a list goes on. Callers keep it and give it back; what is in it is none of their business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// The beginning of every list.
    #[must_use]
    pub fn start() -> Self {
        Self::default()
    }

    /// Takes back what [`Cursor::as_bytes`] gave. Other bytes lead to some other place of the same list.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes to keep.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the beginning.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.0.is_empty()
    }
}

/// Counts the bytes of a page while it is filled.
#[derive(Debug, Default)]
pub struct PageBytes {
    used: usize,
    is_begun: bool,
}

impl PageBytes {
    /// Adds an entry of this size; false when it belongs on the next page. The first entry of a page always fits,
    /// so that every page leads on.
    pub fn fits(&mut self, bytes: usize) -> bool {
        self.used = self.used.saturating_add(bytes);
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        is_first || self.used <= PAGE_BYTES_MAX
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listing<T> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// Where the next page goes on; none at the end. A page may have no rows and yet have a next one.
    #[serde(skip)]
    pub next: Option<Cursor>,
    /// How many rows were looked at.
    pub examined: usize,
}

impl<T> Listing<T> {
    /// The same page with other rows.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Listing<U> {
        Listing {
            rows: self.rows.into_iter().map(change).collect(),
            next: self.next,
            examined: self.examined,
        }
    }
}

/// The place of an entry within an index that is ordered by a time: newest first, and unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// In microseconds of Unix time.
    pub(crate) time: i64,
    /// Of the log; distinguishes entries of the same time.
    pub(crate) position: u64,
}

impl Place {
    pub(crate) fn end_of(self, key: KeyBuilder) -> tables::Key {
        key.i64_descending(self.time)
            .u64_descending(self.position)
            .build()
    }
}

/// Which entries of an index a page is about.
pub(crate) struct Walk<'a> {
    /// What all their keys begin with; the cursor holds what follows it.
    pub(crate) prefix: &'a [u8],
    /// Only those whose time is not before this, in microseconds.
    pub(crate) since: Option<i64>,
    /// Only those whose time is before this.
    pub(crate) until: Option<i64>,
    /// The greatest key first: for indexes ordered by a time, the oldest first.
    pub(crate) reverse: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn all(prefix: &'a [u8]) -> Self {
        Self {
            prefix,
            since: None,
            until: None,
            reverse: false,
        }
    }

    /// Reads entries from `cursor` on, and keeps what `admit` makes of them, until the page is full: of rows, or of
    /// [`PAGE_BYTES_MAX`].
    pub(crate) fn page<T: Serialize>(
        &self,
        reader: &Reader,
        cursor: &Cursor,
        limit: usize,
        mut admit: impl FnMut(&[u8], &[u8]) -> Answer<Option<T>>,
    ) -> Answer<Listing<T>> {
        let limit = limit.max(1);
        let mut listing = Listing {
            rows: Vec::new(),
            next: None,
            examined: 0,
        };
        let mut bytes = PageBytes::default();
        let mut range = self.range(cursor);
        loop {
            // One more than is needed, to know whether there is a next page.
            let wanted = limit.saturating_sub(listing.rows.len()) + 1;
            let chunk = wanted.min(CHUNK);
            let entries = reader.scan(range.clone().limit(chunk))?;
            let is_last = entries.len() < chunk;
            for (key, value) in entries {
                if listing.rows.len() >= limit || listing.examined >= EXAMINED_MAX {
                    return Ok(listing);
                }
                let row = admit(&key, &value)?;
                if row
                    .as_ref()
                    .is_some_and(|row| !bytes.fits(stored::size(row)))
                {
                    return Ok(listing);
                }
                listing.examined += 1;
                listing.rows.extend(row);
                listing.next = Some(self.cursor_of(&key));
                range = range.after(&key);
            }
            if is_last {
                listing.next = None;
                return Ok(listing);
            }
        }
    }

    /// The keys from `cursor` on.
    pub(crate) fn range(&self, cursor: &Cursor) -> Range<'static> {
        let mut range = Range::prefix(self.prefix).limit(usize::MAX);
        // Newest first: keys of later times come earlier.
        if let Some(until) = self.until {
            let until =
                KeyBuilder::from(self.prefix.to_vec()).i64_descending(until.saturating_sub(1));
            range.from = std::ops::Bound::Included(until.build().into());
        }
        if let Some(since) = self.since {
            let since = KeyBuilder::from(self.prefix.to_vec())
                .i64_descending(since)
                .u64(u64::MAX);
            range.to = std::ops::Bound::Included(since.build().into());
        }
        let mut range = Range {
            from: range.from.map(|key| key.into_owned().into()),
            to: range.to.map(|key| key.into_owned().into()),
            reverse: self.reverse,
            limit: range.limit,
        };
        if let Some(key) = self.key_of(cursor) {
            range = range.after(&key);
        }
        range
    }

    fn key_of(&self, cursor: &Cursor) -> Option<Vec<u8>> {
        (!cursor.is_start()).then(|| [self.prefix, cursor.as_bytes()].concat())
    }

    fn cursor_of(&self, key: &[u8]) -> Cursor {
        Cursor(key[self.prefix.len().min(key.len())..].to_vec())
    }
}

/// Reads rows that lie in the order of the list themselves.
pub(crate) fn rows<T: Serialize + DeserializeOwned>(
    reader: &Reader,
    walk: &Walk<'_>,
    cursor: &Cursor,
    limit: usize,
    admits: impl Fn(&T) -> bool,
) -> Answer<Listing<T>> {
    walk.page(reader, cursor, limit, |_, value| {
        let row: T = reader.decode(value)?;
        Ok(admits(&row).then_some(row))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_of_a_page_fits_whatever_its_size() {
        let mut bytes = PageBytes::default();
        assert!(bytes.fits(PAGE_BYTES_MAX + 1));
        assert!(!bytes.fits(1));
        let mut bytes = PageBytes::default();
        assert!(bytes.fits(0) && bytes.fits(PAGE_BYTES_MAX));
        assert!(!bytes.fits(1));
    }
}
