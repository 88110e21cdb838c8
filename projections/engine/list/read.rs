//! Reads pages, single rows and counts of a list.

use std::marker::PhantomData;

use eventlog::StreamName;
use jiff::Timestamp;
use tables::{KeyBuilder, KeyReader, Range};

use super::{COUNT, Field, ListFold, ListView, ROWS, StreamList, row_key, start};
use crate::engine::listing::{Cursor, Listing, Walk};
use crate::engine::reader::{Answer, Reader};
use crate::engine::view_reader::{RowAsOf, ViewReader, stream};

/// How far two indexes are read to find out which admits fewer rows.
const PROBE_MAX: usize = 256;

/// Reads a list.
pub struct List<L: ListView> {
    pub(crate) reader: Reader,
    list: PhantomData<fn() -> L>,
}

/// Which rows of a list, in which order; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct ListQuery<'q> {
    /// The prefix of an order; none is the default order, which has an index of every field.
    pub(crate) order: Option<&'static [u8]>,
    /// Fields by their prefixes, each with the value that it must have.
    pub(crate) fields: Vec<(&'static [u8], &'q str)>,
    /// Only rows whose time in this order is not before this.
    pub(crate) since: Option<Timestamp>,
    /// Only rows whose time in this order is before this.
    pub(crate) until: Option<Timestamp>,
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

impl<L: StreamList> RowAsOf for List<L> {
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
    pub fn get(&self, key: &L::Key) -> Answer<Option<L::Row>> {
        self.reader.get(&row_key::<L>(key))
    }

    /// A page. One without a match in the first [`crate::engine::listing::EXAMINED_MAX`] rows is
    /// empty, with the start of the next one.
    pub(crate) fn page(
        &self,
        query: &ListQuery<'_>,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<L::Row>> {
        let prefix = match query.order {
            Some(order) if order != L::HOME.prefix => start(order),
            _ => self.narrowest(query)?,
        };
        let walk = Walk {
            prefix: prefix.as_ref(),
            since: query.since.map(Timestamp::as_microsecond),
            until: query.until.map(Timestamp::as_microsecond),
            reverse: query.oldest_first,
        };
        self.rows(&walk, cursor, limit, |row| admits::<L>(query, row))
    }

    /// The rows that a walk over rows or over an index finds.
    pub(crate) fn rows(
        &self,
        walk: &Walk<'_>,
        cursor: &Cursor,
        limit: usize,
        admits: impl Fn(&L::Row) -> bool,
    ) -> Answer<Listing<L::Row>> {
        let is_index = !walk.prefix.starts_with(ROWS);
        walk.page(&self.reader, cursor, limit, |_, value| {
            let row: Option<L::Row> = match is_index {
                true => self.reader.get(value)?,
                false => Some(self.reader.decode(value)?),
            };
            Ok(row.filter(&admits))
        })
    }

    /// How many rows each class has, by its texts; classes without rows are left out.
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

    /// The index with the fewest entries for this query, by a short scan. All of them have the same
    /// order, so that a cursor of one continues in any other.
    fn narrowest(&self, query: &ListQuery<'_>) -> Answer<KeyBuilder> {
        let conditions = conditions::<L>(query).filter(|(field, value)| field.is_indexed(value));
        let mut indexes: Vec<_> = conditions
            .map(|(field, value)| field.start(value))
            .collect();
        if indexes.len() < 2 {
            return Ok(indexes.pop().unwrap_or_else(|| start(L::HOME.prefix)));
        }
        let mut best = (usize::MAX, start(L::HOME.prefix));
        for index in indexes {
            let count = self.count(&index)?;
            if count < best.0 {
                best = (count, index);
            }
        }
        Ok(best.1)
    }

    fn count(&self, prefix: &KeyBuilder) -> Answer<usize> {
        let found = self.reader.scan(Range::prefix(prefix).limit(PROBE_MAX))?;
        Ok(found.len())
    }
}

impl<'q> ListQuery<'q> {
    /// Only rows in which these fields have these values; a field without a value is left out.
    pub(crate) fn by(fields: &[(&'static [u8], &'q Option<String>)]) -> Self {
        let fields = fields.iter();
        let fields = fields.filter_map(|(field, value)| Some((*field, value.as_deref()?)));
        Self {
            fields: fields.collect(),
            ..Self::default()
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
    conditions::<L>(query).all(|(field, value)| field.has(row, value))
}
