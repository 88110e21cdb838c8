//! Writes the rows, indexes and counts of a list.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use tables::{Key, KeyBuilder, Value};

use super::{COUNT, ListView, entries, row_key};
use crate::engine::envelope::Envelope;
use crate::engine::projection::Projection;
use crate::engine::rows::Rows;

/// The fold of a list. Rows that change are held until the flush: most of what happens to one happens within a
/// page, and every row and entry is then written once.
pub struct ListFold<L: ListView> {
    held: BTreeMap<L::Key, Held<L::Row>>,
}

/// A row, and where it was found at the last flush.
#[derive(Debug)]
struct Held<R> {
    row: Option<R>,
    entries: Vec<Option<Key>>,
    class: Option<Key>,
    is_changed: bool,
}

impl<L: ListView> Default for ListFold<L> {
    fn default() -> Self {
        Self {
            held: BTreeMap::new(),
        }
    }
}

impl<L: ListView> fmt::Debug for ListFold<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the fold of `{}`, {} rows held",
            L::NAME,
            self.held.len()
        )
    }
}

impl<L: ListView> Projection for ListFold<L> {
    type Event = L::Event;

    const NAME: &'static str = L::NAME;
    const VERSION: u32 = L::VERSION;
    const SHAPE: u32 = L::SHAPE;

    fn wants(event_type: &str) -> bool {
        L::wants(event_type)
    }

    fn apply(&mut self, event: &L::Event, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        if !L::concerns(event) {
            return;
        }
        let Ok(key) = envelope.stream.key().parse::<L::Key>() else {
            return;
        };
        let held = match self.held.entry(key.clone()) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(Held::of::<L>(rows.get(&row_key::<L>(&key)))),
        };
        held.is_changed |= L::change(&mut held.row, &key, event, envelope);
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        let mut counts = BTreeMap::<Key, i64>::new();
        for (key, held) in std::mem::take(&mut self.held) {
            let Some(row) = held.row.filter(|_| held.is_changed) else {
                continue;
            };
            let row_key = row_key::<L>(&key);
            // All entries of a row share the bytes of its key.
            let found_at = Value::copy_from_slice(&row_key);
            for (before, after) in held
                .entries
                .into_iter()
                .chain(std::iter::repeat(None))
                .zip(entries::<L>(&row))
            {
                if before == after {
                    continue;
                }
                if let Some(before) = before {
                    rows.delete(before);
                }
                if let Some(after) = after {
                    rows.put_bytes(after, found_at.clone());
                }
            }
            let class = class::<L>(&row);
            if class != held.class {
                for (class, by) in [(held.class, -1), (class, 1)] {
                    if let Some(class) = class {
                        *counts.entry(class).or_default() += by;
                    }
                }
            }
            rows.put(row_key, &row);
        }
        for (class, by) in counts.into_iter().filter(|(_, by)| *by != 0) {
            rows.count(class, by);
        }
    }
}

impl<R> Held<R> {
    fn of<L: ListView<Row = R>>(row: Option<R>) -> Self {
        Self {
            entries: row.as_ref().map(entries::<L>).unwrap_or_default(),
            class: row.as_ref().and_then(class::<L>),
            row,
            is_changed: false,
        }
    }
}

fn class<L: ListView>(row: &L::Row) -> Option<Key> {
    L::class(row, KeyBuilder::new(COUNT))
}
