//! One ordered scan over several layers and the table below them.

use std::iter::Peekable;
use std::vec;

use crate::{Batch, Key, Range, Table, TableError, Value};

/// How many rows are read from the table at once when the caller set no lower limit. Small in
/// tests, so that they turn pages.
const TABLE_PAGE_ROWS: usize = if cfg!(test) { 3 } else { 1024 };

/// The rows within `range`, the first layer hiding the later ones and all of them the table.
pub(super) fn scan(
    layers: &[&Batch],
    table: &dyn Table,
    range: Range<'_>,
) -> Result<Vec<(Key, Value)>, TableError> {
    let Some(bounds) = range.bounds() else {
        return Ok(vec![]);
    };
    let reverse = range.reverse;
    let mut heads: Vec<_> = layers
        .iter()
        .map(|layer| directed(layer.range(bounds), reverse).peekable())
        .filter_map(|mut writes| writes.peek().is_some().then_some(writes))
        .collect();
    if heads.is_empty() {
        return table.scan(range);
    }

    let limit = range.limit;
    let mut below = Below::new(table, &range);
    let mut found = Vec::new();
    while found.len() < limit {
        let above = heads
            .iter_mut()
            .filter_map(|head| head.peek().map(|(key, _)| *key));
        let above = if reverse { above.max() } else { above.min() };
        let row = match (above, below.peek()?) {
            (None, None) => break,
            (None, Some(_)) => below.take(),
            (Some(above), Some(key)) if before(key, above, reverse) => below.take(),
            (Some(above), key) => {
                if key == Some(above) {
                    below.take();
                }
                newest_write(&mut heads, above)
            }
        };
        found.extend(row);
    }
    Ok(found)
}

type Write<'b> = (&'b Key, &'b Option<Value>);

fn directed<'b, I>(writes: I, reverse: bool) -> Box<dyn Iterator<Item = I::Item> + 'b>
where
    I: DoubleEndedIterator + 'b,
{
    if reverse {
        Box::new(writes.rev())
    } else {
        Box::new(writes)
    }
}

fn before(one: &Key, other: &Key, reverse: bool) -> bool {
    if reverse { one > other } else { one < other }
}

/// Steps every layer over `key` and returns the newest write: nothing if it deletes.
fn newest_write<'b, I>(heads: &mut [Peekable<I>], key: &Key) -> Option<(Key, Value)>
where
    I: Iterator<Item = Write<'b>>,
{
    let mut newest: Option<Write<'b>> = None;
    for head in heads {
        let write = head.next_if(|(written, _)| *written == key);
        newest = newest.or(write);
    }
    let (key, value) = newest?;
    value.as_ref().map(|value| (key.clone(), value.clone()))
}

/// The table's rows, fetched in pages: deletions above may hide any number of them.
struct Below<'t, 'r> {
    table: &'t dyn Table,
    /// What has not been fetched yet; `None` when the table has no more.
    rest: Option<Range<'r>>,
    page: Peekable<vec::IntoIter<(Key, Value)>>,
}

impl<'t, 'r> Below<'t, 'r> {
    fn new(table: &'t dyn Table, range: &Range<'r>) -> Self {
        let page_rows = range.limit.min(TABLE_PAGE_ROWS);
        let rest = Some(range.clone().limit(page_rows));
        Self {
            table,
            rest,
            page: vec![].into_iter().peekable(),
        }
    }

    fn peek(&mut self) -> Result<Option<&Key>, TableError> {
        if self.page.peek().is_none()
            && let Some(range) = self.rest.take()
        {
            let rows = self.table.scan(range.clone())?;
            let is_full = rows.len() == range.limit;
            self.rest = rows
                .last()
                .filter(|_| is_full)
                .map(|(key, _)| range.after(key));
            self.page = rows.into_iter().peekable();
        }
        Ok(self.page.peek().map(|(key, _)| key))
    }

    fn take(&mut self) -> Option<(Key, Value)> {
        self.page.next()
    }
}
