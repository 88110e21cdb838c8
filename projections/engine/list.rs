//! A view that is a list of rows: its keys, orders, filters and counts from one declaration.
//!
//! The declaration is a [`ListView`]; [`ListFold`] writes its rows and [`List`] reads them. A table has the rows
//! under `r`, one index per order under that order's own letter, the rows that share a value of a field under
//! that field's prefix, in the home order, and counts of classes under `n`.

mod fold;
mod read;

use std::fmt::{Debug, Display};
use std::str::FromStr;

use domain::EventKind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::{Key, KeyBuilder};

use crate::engine::envelope::Envelope;
use crate::engine::listing::Place;

pub use fold::ListFold;
pub use read::{List, ListQuery};

const ROW: u8 = b'r';
const COUNT: u8 = b'n';

/// Declares a list view.
pub trait ListView: Sized + Send + Sync + 'static {
    /// What it folds.
    type Event: EventKind;
    /// What names a row: the key of the stream that the row follows from.
    type Key: Clone + Ord + Debug + Display + FromStr + Send + Sync + 'static;
    /// One row.
    type Row: Clone + Debug + Serialize + DeserializeOwned + Send + 'static;

    /// The name of the view.
    const NAME: &'static str;
    /// The version of the fold.
    const VERSION: u32;
    /// The version of what rows and keys look like.
    const SHAPE: u32;
    /// The category of the streams that rows follow from.
    const CATEGORY: &'static str;
    /// The order in which no row moves, so that pages show every row once while others change.
    const HOME: Order<Self::Row>;
    /// The other orders.
    const ORDERS: &'static [Order<Self::Row>] = &[];
    /// What lists are filtered by, those that usually admit the fewest rows first.
    const FIELDS: &'static [Field<Self::Row>] = &[];

    /// Whether events of this type can change a row.
    fn wants(event_type: &str) -> bool {
        Self::Event::types().any(|known| known.name == event_type)
    }

    /// Whether this event can change a row: asked before the row is read.
    fn concerns(_event: &Self::Event) -> bool {
        true
    }

    /// The key of a row in the table.
    fn row_key(key: &Self::Key, start: KeyBuilder) -> Key;

    /// Applies an event to a row, which is none until it begins; false when that changes nothing.
    fn change(
        row: &mut Option<Self::Row>,
        key: &Self::Key,
        event: &Self::Event,
        envelope: &Envelope<'_>,
    ) -> bool;

    /// The class that a row is counted in, as one or several words.
    fn class(_row: &Self::Row, _start: KeyBuilder) -> Option<Key> {
        None
    }
}

/// An index of all rows, or of those that it has a place for.
pub struct Order<R> {
    /// What the keys of its entries begin with.
    pub(crate) letter: u8,
    /// The rest of the key; none leaves the row out.
    pub(crate) entry: fn(&R, KeyBuilder) -> Option<Key>,
}

/// A field that lists are filtered by.
pub struct Field<R> {
    /// What the keys of its entries begin with; queries name it by this.
    pub(crate) prefix: &'static [u8],
    /// Its value; none matches no filter.
    pub(crate) value: for<'r> fn(&'r R) -> Option<&'r str>,
    indexed: Indexed,
}

/// Which values of a field have an index.
enum Indexed {
    All,
    /// All but one that nearly all rows have: its index would be one of all rows.
    AllBut(&'static str),
    None,
}

impl<R> Order<R> {
    /// Rows by a time, the newest first.
    pub(crate) const fn new(letter: u8, entry: fn(&R, KeyBuilder) -> Option<Key>) -> Self {
        Self { letter, entry }
    }

    fn key(&self, row: &R) -> Option<Key> {
        (self.entry)(row, KeyBuilder::new(self.letter))
    }
}

impl<R> Field<R> {
    /// A field with an index of each value.
    pub(crate) const fn new(
        prefix: &'static [u8],
        value: for<'r> fn(&'r R) -> Option<&'r str>,
    ) -> Self {
        Self {
            prefix,
            value,
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

    fn is_indexed(&self, value: &str) -> bool {
        match self.indexed {
            Indexed::All => true,
            Indexed::AllBut(common) => common != value,
            Indexed::None => false,
        }
    }

    /// What the keys of the entries of one value begin with.
    fn start(&self, value: &str) -> KeyBuilder {
        // By bytes: a builder begins with room for a whole key.
        let (first, rest) = self.prefix.split_first().expect("a prefix is not empty");
        let start = rest
            .iter()
            .fold(KeyBuilder::new(*first), |key, byte| key.u8(*byte));
        start.str(value)
    }
}

/// The keys of all entries of a row, in a fixed order with gaps where it has none.
fn entries<L: ListView>(row: &L::Row) -> Vec<Option<Key>> {
    let home = L::HOME;
    let orders = std::iter::once(&home).chain(L::ORDERS);
    let of_orders = orders.map(|order| order.key(row));
    let of_fields = L::FIELDS.iter().map(|field| {
        let value = (field.value)(row).filter(|value| field.is_indexed(value))?;
        (home.entry)(row, field.start(value))
    });
    of_orders.chain(of_fields).collect()
}

pub(crate) fn row_key<L: ListView>(key: &L::Key) -> Key {
    L::row_key(key, KeyBuilder::new(ROW))
}

/// The place of a row in an order by time, the newest first.
pub(crate) fn place(time: jiff::Timestamp, position: eventlog::Position) -> Place {
    Place {
        time: time.as_microsecond(),
        position: position.0,
    }
}
