//! A view that is a list of rows: its keys, orders, filters and counts from one declaration.
//!
//! The declaration is a [`ListView`]; [`ListFold`] writes its rows and [`List`] reads them. A table has the
//! rows under `r`, an index per order under the prefix of that order, an index of the values of each field
//! under the prefix of that field, in the default order, and counts of classes under `n`.

mod fold;
mod read;

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};

use domain::EventKind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::{Key, KeyBuilder};

use crate::engine::envelope::Envelope;
use crate::engine::listing::Place;

pub use fold::ListFold;
pub use read::{List, ListQuery};

const ROWS: &[u8] = b"r";
const COUNT: u8 = b'n';

/// Declares a list view.
pub trait ListView: Sized + Send + Sync + 'static {
    type Event: EventKind;
    /// Identifies a row.
    type Key: Clone + Ord + Debug + Send + Sync + 'static;
    type Row: Clone + Debug + Serialize + DeserializeOwned + Send + 'static;

    const NAME: &'static str;
    const VERSION: u32;
    /// The version of the format of rows and keys.
    const SHAPE: u32;
    /// The default order. Best one in which no row moves, so that pages show every row once while others change.
    const HOME: Order<Self::Row>;
    /// The other orders.
    const ORDERS: &'static [Order<Self::Row>] = &[];
    /// The fields that lists are filtered by, those that usually admit the fewest rows first.
    const FIELDS: &'static [Field<Self::Row>] = &[];
    /// How many rows are kept in memory between flushes; more than 0 where decoding a row is expensive.
    const KEPT_MAX: usize = 0;

    /// Whether events of this type can change a row.
    fn wants(event_type: &str) -> bool {
        Self::Event::types().any(|known| known.name == event_type)
    }

    /// The row that an event may change; none when it changes no row.
    fn key_of(event: &Self::Event, envelope: &Envelope<'_>) -> Option<Self::Key>;

    fn row_key(key: &Self::Key, start: KeyBuilder) -> Key;

    /// Applies an event to a row, which is none until it begins; false when that changes nothing.
    fn change(
        row: &mut Option<Self::Row>,
        key: &Self::Key,
        event: &Self::Event,
        envelope: &Envelope<'_>,
    ) -> bool;

    /// The class that a row is counted in, as one or several texts.
    fn class(_row: &Self::Row, _start: KeyBuilder) -> Option<Key> {
        None
    }
}

/// A list in which each row follows from the one stream that its key names, so that a row can be folded as of a
/// moment.
pub trait StreamList: ListView<Key: Display> {
    const CATEGORY: &'static str;
}

/// An index of all rows, or of those that have an entry in it.
pub struct Order<R> {
    /// The start of the keys of its entries; queries name it by this.
    pub(crate) prefix: &'static [u8],
    /// The rest of the key, which no two rows share; none leaves the row out.
    pub(crate) entry: fn(&R, KeyBuilder) -> Option<Key>,
}

/// A field that lists are filtered by.
pub struct Field<R> {
    /// The start of the keys of its entries; queries name it by this.
    pub(crate) prefix: &'static [u8],
    values: Values<R>,
    indexed: Indexed,
}

/// The values of a field in a row.
enum Values<R> {
    One(for<'r> fn(&'r R) -> Option<&'r str>),
    Many(fn(&R) -> BTreeSet<String>),
}

/// Which values of a field have an index.
enum Indexed {
    All,
    /// All but one that nearly all rows have: its index would be one of all rows.
    AllBut(&'static str),
    None,
}

impl<R> Order<R> {
    /// An order by these entries.
    pub(crate) const fn new(
        prefix: &'static [u8],
        entry: fn(&R, KeyBuilder) -> Option<Key>,
    ) -> Self {
        Self { prefix, entry }
    }

    /// The order of the keys of the rows, which needs no index; the entry is the row's own key.
    pub(crate) const fn of_rows(entry: fn(&R, KeyBuilder) -> Option<Key>) -> Self {
        Self::new(ROWS, entry)
    }
}

impl<R> Field<R> {
    /// A field with an index of each value.
    pub(crate) const fn new(
        prefix: &'static [u8],
        value: for<'r> fn(&'r R) -> Option<&'r str>,
    ) -> Self {
        Self::of(prefix, Values::One(value))
    }

    /// A field with several values in a row, and an index of each value.
    pub(crate) const fn many(prefix: &'static [u8], values: fn(&R) -> BTreeSet<String>) -> Self {
        Self::of(prefix, Values::Many(values))
    }

    const fn of(prefix: &'static [u8], values: Values<R>) -> Self {
        Self {
            prefix,
            values,
            indexed: Indexed::All,
        }
    }

    /// The same without an index of this value, which nearly all rows have.
    pub(crate) const fn except(mut self, value: &'static str) -> Self {
        self.indexed = Indexed::AllBut(value);
        self
    }

    /// The same without an index.
    pub(crate) const fn unindexed(mut self) -> Self {
        self.indexed = Indexed::None;
        self
    }

    /// Whether a row has this value.
    pub(crate) fn has(&self, row: &R, value: &str) -> bool {
        match self.values {
            Values::One(of) => of(row) == Some(value),
            Values::Many(of) => of(row).contains(value),
        }
    }

    fn each(&self, row: &R, mut each: impl FnMut(&str)) {
        match self.values {
            Values::One(of) => of(row).into_iter().for_each(each),
            Values::Many(of) => of(row).iter().for_each(|value| each(value)),
        }
    }

    fn is_indexed(&self, value: &str) -> bool {
        match self.indexed {
            Indexed::All => true,
            Indexed::AllBut(common) => common != value,
            Indexed::None => false,
        }
    }

    fn start(&self, value: &str) -> KeyBuilder {
        start(self.prefix).str(value)
    }
}

fn start(prefix: &[u8]) -> KeyBuilder {
    // By bytes: a builder has the capacity for a whole key.
    let (first, rest) = prefix.split_first().expect("a prefix is not empty");
    let start = KeyBuilder::new(*first);
    rest.iter().fold(start, |key, byte| key.u8(*byte))
}

pub(crate) fn entries<L: ListView>(row: &L::Row) -> Vec<Key> {
    let home = L::HOME;
    let orders = std::iter::once(&home).chain(L::ORDERS);
    let orders = orders.filter(|order| order.prefix != ROWS);
    let mut entries: Vec<Key> = orders
        .filter_map(|order| (order.entry)(row, start(order.prefix)))
        .collect();
    for field in L::FIELDS {
        field.each(row, |value| {
            if field.is_indexed(value) {
                entries.extend((home.entry)(row, field.start(value)));
            }
        });
    }
    entries
}

pub(crate) fn row_key<L: ListView>(key: &L::Key) -> Key {
    L::row_key(key, start(ROWS))
}

/// The place of a row in an order by time, the newest first.
pub(crate) fn place(time: jiff::Timestamp, position: eventlog::Position) -> Place {
    Place {
        time: time.as_microsecond(),
        position: position.0,
    }
}
