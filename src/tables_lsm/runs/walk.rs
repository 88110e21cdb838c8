//! Reads rows of several runs as if they were one.

use std::ops::Bound;

use super::block::{Opened, Written};
use super::cache::Cache;
use super::filter;
use super::run::{Run, Span, place_of};
use std::sync::Arc;
use tables::Bounds;
use tables::{Key, TableError, Value};

/// The value under `key`; the runs come newest first.
pub(super) fn get(
    runs: &[Arc<Run>],
    cache: &Cache,
    key: &[u8],
) -> Result<Option<Value>, TableError> {
    let hash = filter::hash(key);
    for run in runs.iter().filter(|run| run.may_hold(key, hash)) {
        if let Some(written) = run.find(cache, key)? {
            return Ok(written);
        }
    }
    Ok(None)
}

/// The rows within the bounds, at most so many, from the lesser or from the greater end.
pub(super) fn scan(
    runs: &[Arc<Run>],
    cache: &Cache,
    bounds: Bounds<'_>,
    reverse: bool,
    limit: usize,
) -> Result<Vec<(Key, Value)>, TableError> {
    let mut walks = Vec::new();
    for run in runs {
        let mut walk = Walk::new(run, cache, reverse);
        if walk.begin(bounds)? {
            walks.push(walk);
        }
    }
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(next) = nearest(&walks, reverse) else {
            break;
        };
        let row = match walks[next].row() {
            (key, Some(value)) => Ok((key.to_vec(), Value::copy_from_slice(value))),
            (key, None) => Err(key.to_vec()),
        };
        let key = row.as_ref().map_or_else(|key| key, |(key, _)| key);
        // Rows of the same key in older runs are history.
        let mut index = next;
        while index < walks.len() {
            let is_over = walks[index].row().0 == &key[..] && !walks[index].advance(bounds)?;
            match is_over {
                true => drop(walks.remove(index)),
                false => index += 1,
            }
        }
        found.extend(row.ok());
    }
    Ok(found)
}

/// The walk whose row comes next; of several with one key the newest.
fn nearest(walks: &[Walk<'_>], reverse: bool) -> Option<usize> {
    let mut rows = walks.iter().map(|walk| walk.row().0).enumerate();
    let (mut nearest, mut nearest_key) = rows.next()?;
    for (index, key) in rows {
        let is_nearer = match reverse {
            true => key > nearest_key,
            false => key < nearest_key,
        };
        if is_nearer {
            (nearest, nearest_key) = (index, key);
        }
    }
    Some(nearest)
}

/// A place in one run, to be moved in one direction.
pub(super) struct Walk<'r> {
    run: &'r Run,
    cache: &'r Cache,
    reverse: bool,
    /// Which index of the top, which block of the index, which row of the block.
    at: (usize, usize, usize),
    index: Opened,
    block: Opened,
}

impl<'r> Walk<'r> {
    pub(super) fn new(run: &'r Run, cache: &'r Cache, reverse: bool) -> Self {
        Self {
            run,
            cache,
            reverse,
            at: (0, 0, 0),
            index: Opened::default(),
            block: Opened::default(),
        }
    }

    /// The current row; there is one after every answer of `true`.
    pub(super) fn row(&self) -> (&[u8], Written<'_>) {
        (self.block.key(), self.block.value())
    }

    /// Goes to the first row within the bounds; whether there is one.
    pub(super) fn begin(&mut self, bounds: Bounds<'_>) -> Result<bool, TableError> {
        let (from, to) = bounds;
        let Some((first_key, _)) = self.run.top.first() else {
            return Ok(false);
        };
        if is_after(first_key, to) || is_before(&self.run.last_key, from) {
            return Ok(false);
        }
        let reverse = self.reverse;
        let start = if reverse { to } else { from };
        let lies_before = |key: &[u8]| match start {
            Bound::Included(start) | Bound::Excluded(start) => key <= start,
            Bound::Unbounded => reverse,
        };
        let index = self.run.top.partition_point(|(key, _)| lies_before(key));
        self.open_index(index.saturating_sub(1))?;
        let block = self.run.checked(self.index.count_before(lies_before))?;
        self.open_block(block.saturating_sub(1))?;
        let passed = self.run.checked(match reverse {
            true => self.block.count_before(|key| !is_after(key, to)),
            false => self.block.count_before(|key| is_before(key, from)),
        })?;
        let is_there = match reverse {
            true => self.step(passed.checked_sub(1))?,
            false => self.step(Some(passed))?,
        };
        Ok(is_there && self.is_within(bounds))
    }

    /// Goes to the next row within the bounds; whether there is one.
    pub(super) fn advance(&mut self, bounds: Bounds<'_>) -> Result<bool, TableError> {
        let row = self.at.2;
        let next = match self.reverse {
            true => row.checked_sub(1),
            false => Some(row + 1),
        };
        Ok(self.step(next)? && self.is_within(bounds))
    }

    /// Goes to a row of this block, or to the next block if it has none of this number.
    fn step(&mut self, row: Option<usize>) -> Result<bool, TableError> {
        match row {
            Some(row) if row < self.block.len() => {
                self.at.2 = row;
                self.run.checked(self.block.go_to(row))?;
                Ok(true)
            }
            _ => self.next_block(),
        }
    }

    fn is_within(&self, (from, to): Bounds<'_>) -> bool {
        let key = self.row().0;
        match self.reverse {
            true => !is_before(key, from),
            false => !is_after(key, to),
        }
    }

    /// Goes to the first row, in its direction, of the next block.
    fn next_block(&mut self) -> Result<bool, TableError> {
        let (index, block, _) = self.at;
        let row = if self.reverse {
            if let Some(block) = block.checked_sub(1) {
                self.open_block(block)?;
            } else if let Some(index) = index.checked_sub(1) {
                self.open_index(index)?;
                self.open_block(self.index.len() - 1)?;
            } else {
                return Ok(false);
            }
            self.block.len() - 1
        } else {
            if block + 1 < self.index.len() {
                self.open_block(block + 1)?;
            } else if index + 1 < self.run.top.len() {
                self.open_index(index + 1)?;
                self.open_block(0)?;
            } else {
                return Ok(false);
            }
            0
        };
        self.at.2 = row;
        self.run.checked(self.block.go_to(row))?;
        Ok(true)
    }

    fn open_index(&mut self, index: usize) -> Result<(), TableError> {
        self.at = (index, 0, 0);
        self.index = self.open(self.run.top[index].1)?;
        Ok(())
    }

    fn open_block(&mut self, block: usize) -> Result<(), TableError> {
        (self.at.1, self.at.2) = (block, 0);
        self.run.checked(self.index.go_to(block))?;
        let place = self.run.checked(place_of(self.index.value()))?;
        self.block = self.open(place.span)?;
        Ok(())
    }

    /// A block, which has at least one row.
    fn open(&self, span: Span) -> Result<Opened, TableError> {
        let block = self.run.block(self.cache, span)?;
        self.run.checked(Opened::new(block))
    }
}

fn is_before(key: &[u8], from: Bound<&[u8]>) -> bool {
    match from {
        Bound::Included(from) => key < from,
        Bound::Excluded(from) => key <= from,
        Bound::Unbounded => false,
    }
}

fn is_after(key: &[u8], to: Bound<&[u8]>) -> bool {
    match to {
        Bound::Included(to) => key > to,
        Bound::Excluded(to) => key >= to,
        Bound::Unbounded => false,
    }
}
