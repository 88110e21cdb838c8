//! Reads pages, single rows and counts of a list.

use std::marker::PhantomData;

use eventlog::StreamName;
use jiff::Timestamp;
use tables::{KeyBuilder, KeyReader, Range};

use super::{COUNT, Field, ListFold, ListView, row_key};
use crate::engine::listing::{Cursor, Listing, Walk};
use crate::engine::reader::{Answer, Reader};
use crate::engine::view_reader::{RowAsOf, ViewReader, stream};

/// How far two indexes are read to find out which admits fewer rows.
const PROBE_MAX: usize = 256;

/// How many entries are walked at once.
const CHUNK: usize = 1024;

/// Reads a list.
pub struct List<L: ListView> {
    pub(crate) reader: Reader,
    list: PhantomData<fn() -> L>,
}

/// Which rows of a list, in which order; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct ListQuery<'q> {
    /// The letter of an order; none is the home order, which has an index of every field.
    pub(crate) order: Option<u8>,
    /// Fields by their prefixes, each with the value that it must have.
    pub(crate) fields: Vec<(&'static [u8], &'q str)>,
    /// Only rows whose time in this order is not before this.
    pub(crate) since: Option<Timestamp>,
    /// Only rows whose time in this order is before this.
    pub(crate) until: Option<Timestamp>,
    /// The oldest first.
    pub(crate) oldest_first: bool,
}

impl<L: ListView> Clone for List<L> {
    fn clone(&self) -> Self {
        Self::over(self.reader.clone())
    }
}

impl<L: ListView> ViewReader for List<L> {
    type Fold = ListFold<L>;

    fn over(reader: Reader) -> Self {
        Self {
            reader,
            list: PhantomData,
        }
    }
}

impl<L: ListView> RowAsOf for List<L> {
    type Key = L::Key;
    type Row = L::Row;

    fn streams(key: &L::Key) -> Vec<StreamName> {
        stream(L::CATEGORY, key)
    }

    fn row(&self, key: &L::Key) -> Answer<Option<L::Row>> {
        self.get(key)
    }
}

impl<L: ListView> List<L> {
    /// One row.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn get(&self, key: &L::Key) -> Answer<Option<L::Row>> {
        self.reader.get(&row_key::<L>(key))
    }

    /// A page. One without a match in the first [`crate::engine::listing::EXAMINED_MAX`] rows is empty, and
    /// says where to go on.
    pub(crate) fn page(
        &self,
        query: &ListQuery<'_>,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<L::Row>> {
        let prefix = self.prefix(query)?;
        query
            .walk(&prefix)
            .page(&self.reader, cursor, limit, |_, row_key| {
                let row: Option<L::Row> = self.reader.get(row_key)?;
                Ok(row.filter(|row| admits::<L>(query, row)))
            })
    }

    /// A page that begins after so many rows, and how many rows there are in all: for clients that know no
    /// cursor. Every entry is walked, but rows are read only where an index alone does not decide.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn page_at(
        &self,
        query: &ListQuery<'_>,
        offset: usize,
        limit: usize,
    ) -> Answer<(Vec<L::Row>, u64)> {
        let is_home = query.order.is_none_or(|letter| letter == L::HOME.letter);
        let mut open = conditions::<L>(query)
            .skip(usize::from(is_home))
            .map(|_| false)
            .chain(conditions::<L>(query).map(|(field, value)| field.is_indexed(value)));
        let index_decides = open.all(|is_decided| is_decided);
        let prefix = self.prefix(query)?;
        let mut range = query.walk(&prefix).range(&Cursor::start());
        let (mut rows, mut total) = (Vec::new(), 0_usize);
        loop {
            let entries = self.reader.scan(range.clone().limit(CHUNK))?;
            for (_, row_key) in &entries {
                let is_shown = total >= offset && rows.len() < limit;
                if is_shown || !index_decides {
                    let row: Option<L::Row> = self.reader.get(row_key)?;
                    let Some(row) = row.filter(|row| admits::<L>(query, row)) else {
                        continue;
                    };
                    rows.extend(is_shown.then_some(row));
                }
                total += 1;
            }
            match entries.last() {
                Some((last, _)) if entries.len() == CHUNK => range = range.after(last),
                _ => return Ok((rows, total as u64)),
            }
        }
    }

    /// How many rows each class has, by its words; classes without rows are left out.
    pub(crate) fn classes(&self) -> Answer<Vec<(Vec<String>, u64)>> {
        let mut classes = Vec::new();
        for (key, value) in self.reader.scan(Range::prefix(&[COUNT]))? {
            let count: i64 = self.reader.decode(&value)?;
            let count = u64::try_from(count).unwrap_or_default();
            let mut words = Vec::new();
            if let Some(mut key) = KeyReader::new(COUNT, &key) {
                words.extend(std::iter::from_fn(|| key.str()));
            }
            if count > 0 {
                classes.push((words, count));
            }
        }
        Ok(classes)
    }

    /// What the keys of the entries begin with that a page walks.
    fn prefix(&self, query: &ListQuery<'_>) -> Answer<KeyBuilder> {
        match query.order {
            Some(letter) if letter != L::HOME.letter => Ok(KeyBuilder::new(letter)),
            _ => self.narrowest(query),
        }
    }

    /// The index with the fewest entries for this query, as far as a short look tells. All of them have the same
    /// order, so that a cursor from one leads on in any other.
    fn narrowest(&self, query: &ListQuery<'_>) -> Answer<KeyBuilder> {
        let mut indexes = conditions::<L>(query)
            .filter(|(field, value)| field.is_indexed(value))
            .map(|(field, value)| field.start(value));
        let Some(mut best) = indexes.next() else {
            return Ok(KeyBuilder::new(L::HOME.letter));
        };
        let mut best_count = None;
        for other in indexes {
            let known = match best_count {
                Some(known) => known,
                None => self.count(&best)?,
            };
            let count = self.count(&other)?;
            if count < known {
                best = other;
            }
            best_count = Some(known.min(count));
        }
        Ok(best)
    }

    fn count(&self, prefix: &KeyBuilder) -> Answer<usize> {
        let found = self.reader.scan(Range::prefix(prefix).limit(PROBE_MAX))?;
        Ok(found.len())
    }
}

impl ListQuery<'_> {
    fn walk<'a>(&self, prefix: &'a KeyBuilder) -> Walk<'a> {
        Walk {
            prefix: prefix.as_ref(),
            since: self.since.map(Timestamp::as_microsecond),
            until: self.until.map(Timestamp::as_microsecond),
            reverse: self.oldest_first,
        }
    }
}

/// The conditions of a query, in the order of the fields.
fn conditions<'q, L: ListView>(
    query: &'q ListQuery<'_>,
) -> impl Iterator<Item = (&'static Field<L::Row>, &'q str)> {
    L::FIELDS.iter().filter_map(|field| {
        let mut wanted = query.fields.iter();
        let (_, value) = wanted.find(|(prefix, _)| *prefix == field.prefix)?;
        Some((field, *value))
    })
}

fn admits<L: ListView>(query: &ListQuery<'_>, row: &L::Row) -> bool {
    conditions::<L>(query).all(|(field, value)| (field.value)(row) == Some(value))
}
