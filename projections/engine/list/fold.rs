//! Writes the rows, indexes and counts of a list.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;

use tables::{Key, KeyBuilder, Value};

use super::{COUNT, ListView, entries, row_key};
use crate::engine::envelope::Envelope;
use crate::engine::projection::Projection;
use crate::engine::rows::Rows;

/// The fold of a list. Rows that change are held until the flush: most changes of a row happen within a page, and
/// every row and entry is then written once.
pub struct ListFold<L: ListView> {
    held: BTreeMap<L::Key, Held<L::Row>>,
}

/// A row, and its entries and class as they are in the table.
#[derive(Debug)]
struct Held<R> {
    row: Option<R>,
    entries: Vec<Key>,
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
        write!(f, "fold of `{}` ({} rows held)", L::NAME, self.held.len())
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
        let Some(key) = L::key_of(event, envelope) else {
            return;
        };
        let held = self.held.entry(key.clone());
        let held = held.or_insert_with(|| Held::of::<L>(rows.get(&row_key::<L>(&key))));
        held.is_changed |= L::change(&mut held.row, &key, event, envelope);
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        let mut counts = BTreeMap::<Key, i64>::new();
        for (key, held) in &mut self.held {
            if !mem::take(&mut held.is_changed) {
                continue;
            }
            let Some(row) = &held.row else {
                continue;
            };
            let row_key = row_key::<L>(key);
            let before = mem::replace(&mut held.entries, entries::<L>(row));
            for entry in before.iter().filter(|key| !held.entries.contains(key)) {
                rows.delete(entry.clone());
            }
            // All entries of a row share the bytes of its key.
            let found_at = Value::copy_from_slice(&row_key);
            for entry in held.entries.iter().filter(|key| !before.contains(key)) {
                rows.put_bytes(entry.clone(), found_at.clone());
            }
            let class = class::<L>(row);
            if class != held.class {
                let before = mem::replace(&mut held.class, class.clone());
                for (class, by) in [(before, -1), (class, 1)] {
                    if let Some(class) = class {
                        *counts.entry(class).or_default() += by;
                    }
                }
            }
            rows.put(row_key, row);
        }
        for (class, by) in counts.into_iter().filter(|(_, by)| *by != 0) {
            rows.count(class, by);
        }
        // What is kept decides about no row, so it may depend on the size of pages.
        if self.held.len() > L::KEPT_MAX {
            self.held.clear();
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
