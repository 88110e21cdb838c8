//! Many rows to one value of the engine.
//!
//! sled keeps at most sixteen pairs to a page, and every page costs memory for as long as the database is
//! open: a table of small rows would cost more to keep than to read. So the rows of a table lie in blocks,
//! sorted and without the bytes that neighbours share, and a batch reads and writes every block that it
//! touches once.
//!
//! A block's key is no greater than its first row's, and greater than every row before it; what lies before
//! the first block belongs into a block with the empty key.

mod block;
mod cut;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;

use parking_lot::Mutex;
use sled::IVec;

use crate::range::Bounds;
use crate::{Batch, Key, Value};
use block::{Cursor, Rows};

/// A block is cut when it grows beyond this.
const BLOCK_BYTES_MAX: usize = if cfg!(test) { 64 } else { 4096 };

/// A block that shrinks below this is joined with the next one.
const BLOCK_BYTES_MIN: usize = BLOCK_BYTES_MAX / 4;

/// Why a table cannot be read.
#[derive(Debug)]
pub(super) enum Unread {
    Engine(sled::Error),
    /// A block is not what this program writes.
    Malformed,
}

impl From<sled::Error> for Unread {
    fn from(error: sled::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<block::Malformed> for Unread {
    fn from(_: block::Malformed) -> Self {
        Self::Malformed
    }
}

/// The block that was read last: rows that are asked for one after the other usually lie beside each other,
/// and finding a block costs far more than reading it.
#[derive(Default)]
pub(super) struct Recent(Mutex<Option<Found>>);

#[derive(Clone)]
struct Found {
    own: Option<IVec>,
    block: IVec,
    /// Where it ends, once it was asked for twice: nothing, or the key of the next one.
    end: Option<Option<IVec>>,
}

impl Recent {
    /// Forgets the block, because blocks have changed.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }

    /// The block in which `key` lies if it is there.
    fn block_of(&self, tree: &sled::Tree, key: &[u8]) -> sled::Result<Option<IVec>> {
        let mut recent = self.0.lock().clone();
        if let Some(found) = recent.as_ref().filter(|found| found.covers(key)) {
            return Ok(found.own.is_some().then(|| found.block.clone()));
        }
        let (own, block) = block_of(tree, key)?.unzip();
        let again = recent.take().filter(|found| found.own == own);
        let end = match again {
            Some(_) => Some(block_from(tree, own.as_ref())?.map(|(next, _)| next)),
            None => None,
        };
        let block = block.unwrap_or_default();
        let is_there = own.is_some();
        let found = Found { own, block, end };
        *self.0.lock() = Some(found.clone());
        Ok(is_there.then_some(found.block))
    }
}

impl Found {
    fn covers(&self, key: &[u8]) -> bool {
        let is_after = self.own.as_ref().is_none_or(|own| own[..] <= *key);
        let end = self.end.as_ref();
        is_after && end.is_some_and(|end| end.as_ref().is_none_or(|end| *key < end[..]))
    }
}

/// The value under `key`.
pub(super) fn get(tree: &sled::Tree, recent: &Recent, key: &[u8]) -> Result<Option<Value>, Unread> {
    let Some(block) = recent.block_of(tree, key)? else {
        return Ok(None);
    };
    let mut rows = Cursor::new(&block)?;
    while rows.advance()? {
        if rows.key() >= key {
            return Ok((rows.key() == key).then(|| Value::copy_from_slice(rows.value())));
        }
    }
    Ok(None)
}

/// The rows within the bounds, at most so many, from the lesser or from the greater end.
pub(super) fn scan(
    tree: &sled::Tree,
    bounds: Bounds<'_>,
    reverse: bool,
    limit: usize,
) -> Result<Vec<(Key, Value)>, Unread> {
    let (from, to) = bounds;
    let first = match from {
        Bound::Included(key) | Bound::Excluded(key) => block_of(tree, key)?.map(|(key, _)| key),
        Bound::Unbounded => None,
    };
    let first = first.map_or(Bound::Unbounded, Bound::Included);
    let mut blocks = tree.range((first, to.map(IVec::from)));
    let mut found = Vec::new();
    while found.len() < limit {
        let block = match reverse {
            true => blocks.next_back(),
            false => blocks.next(),
        };
        let Some((_, block)) = block.transpose()? else {
            break;
        };
        let missing = limit - found.len();
        let begun = found.len();
        let mut rows = Cursor::new(&block)?;
        while rows.advance()? && (reverse || found.len() < limit) {
            if is_before(rows.key(), from) {
                continue;
            }
            if is_after(rows.key(), to) {
                break;
            }
            found.push((rows.key().to_vec(), Value::copy_from_slice(rows.value())));
        }
        if reverse {
            found[begun..].reverse();
            found.truncate(begun + missing);
        }
    }
    Ok(found)
}

/// What a batch does to the blocks; none deletes one.
pub(super) fn plan(
    tree: &sled::Tree,
    batch: &Batch,
) -> Result<BTreeMap<IVec, Option<Vec<u8>>>, Unread> {
    let mut changed = BTreeMap::new();
    let mut writes = batch.iter().peekable();
    while let Some((key, _)) = writes.peek() {
        let (own, block) = block_of(tree, key)?.unzip();
        let own = own.unwrap_or_default();
        let mut rows = Rows::default();
        let mut next = block_from(tree, Some(&own))?;
        take(&mut rows, block.as_ref(), &mut writes, next.as_ref())?;
        while rows.bytes() < BLOCK_BYTES_MIN
            && let Some((joined, block)) = next.take()
        {
            next = block_from(tree, Some(&joined))?;
            take(&mut rows, Some(&block), &mut writes, next.as_ref())?;
            changed.insert(joined, None);
        }
        changed.insert(own.clone(), None);
        cut::cut(&rows, |separator, block| {
            // The first block stays where it was, so that no row lies before it.
            let key = separator.map_or_else(|| own.clone(), IVec::from);
            changed.insert(key, Some(block));
        });
    }
    Ok(changed)
}

/// Takes the rows of a block together with the writes that lie before the next one.
fn take<'b>(
    rows: &mut Rows,
    block: Option<&IVec>,
    writes: &mut std::iter::Peekable<impl Iterator<Item = (&'b Key, Option<&'b Value>)>>,
    next: Option<&(IVec, IVec)>,
) -> Result<(), Unread> {
    let mut below = block.map(|block| Cursor::new(block)).transpose()?;
    let mut has_row = advance(below.as_mut())?;
    let mut take_write =
        || writes.next_if(|(key, _)| next.is_none_or(|(next, _)| key[..] < next[..]));
    let mut write = take_write();
    loop {
        let old = below.as_ref().filter(|_| has_row);
        match (old, write) {
            (None, None) => return Ok(()),
            (Some(old), written) if written.is_none_or(|(key, _)| old.key() < &key[..]) => {
                rows.push(old.key(), old.value(), false);
                has_row = advance(below.as_mut())?;
            }
            (old, Some((key, value))) => {
                let replaces = old.is_some_and(|old| old.key() == &key[..]);
                if let Some(value) = value {
                    rows.push(key, value, !replaces);
                }
                if replaces {
                    has_row = advance(below.as_mut())?;
                }
                write = take_write();
            }
            (Some(_), None) => return Ok(()),
        }
    }
}

fn advance(rows: Option<&mut Cursor<'_>>) -> Result<bool, Unread> {
    Ok(match rows {
        Some(rows) => rows.advance()?,
        None => false,
    })
}

/// The block in which `key` lies if it is there.
fn block_of(tree: &sled::Tree, key: &[u8]) -> sled::Result<Option<(IVec, IVec)>> {
    tree.range(..=key).next_back().transpose()
}

/// The block after this one; the first of all when there is none.
fn block_from(tree: &sled::Tree, own: Option<&IVec>) -> sled::Result<Option<(IVec, IVec)>> {
    let after = own.map_or(Bound::Unbounded, |own| Bound::Excluded(own.clone()));
    tree.range((after, Bound::Unbounded)).next().transpose()
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
