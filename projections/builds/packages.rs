//! What do the builds of a package need, and how much of what they were given was for nothing?

mod histogram;
mod row;
#[cfg(test)]
mod tests;

use domain::builds::build::BuildEvent;
use tables::{Key, KeyBuilder};

use crate::engine::list::{List, ListFold, ListQuery, ListView, Order};
use crate::engine::listing::{Cursor, Listing, Walk};
use crate::engine::{Answer, Envelope};

pub use histogram::{Histogram, Quantiles};
pub use row::{PackageRow, VersionSeen, Waste};

/// In which order packages are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PackageSort {
    #[default]
    Name,
    /// Those with the most builds first.
    Builds,
    /// Those with the highest memory peak first.
    MemoryPeak,
    /// Those that wasted the most memory first, in GB·h.
    MemoryWaste,
    /// Those that wasted the most CPU first, in core hours.
    CpuWaste,
    /// Those that were killed for memory most often first.
    OutOfMemory,
    /// Those that were built last first.
    Latest,
}

/// The list of all packages.
#[derive(Debug)]
pub struct PackageList;

/// Reads packages.
pub type Packages = List<PackageList>;

/// Folds packages.
pub type PackagesFold = ListFold<PackageList>;

impl ListView for PackageList {
    type Event = BuildEvent;
    type Key = String;
    type Row = PackageRow;

    const NAME: &'static str = "packages";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    const HOME: Order<PackageRow> = Order::of_rows(|row, start| Some(start.str(&row.name).build()));
    const ORDERS: &'static [Order<PackageRow>] = &[
        Order::new(PackageSort::Builds.prefix(), |row, start| {
            greatest_first(row.builds, row, start)
        }),
        Order::new(PackageSort::MemoryPeak.prefix(), |row, start| {
            greatest_first(ordered(row.memory_peak), row, start)
        }),
        Order::new(PackageSort::MemoryWaste.prefix(), |row, start| {
            greatest_first(ordered(row.waste.memory_unused), row, start)
        }),
        Order::new(PackageSort::CpuWaste.prefix(), |row, start| {
            greatest_first(ordered(row.waste.cpu_unused), row, start)
        }),
        Order::new(PackageSort::OutOfMemory.prefix(), |row, start| {
            greatest_first(row.out_of_memory, row, start)
        }),
        Order::new(PackageSort::Latest.prefix(), |row, start| {
            let last = row.last_at.as_microsecond().max(0).cast_unsigned();
            greatest_first(last, row, start)
        }),
    ];
    /// Few in tests, so that rows are dropped and read again.
    const KEPT_MAX: usize = if cfg!(test) { 1 } else { 2048 };

    fn wants(event_type: &str) -> bool {
        matches!(event_type, "build.usage_recorded" | "build.out_of_memory")
    }

    fn key_of(event: &BuildEvent, _: &Envelope<'_>) -> Option<String> {
        match event {
            BuildEvent::UsageRecorded(usage) => Some(usage.spec.name.clone()),
            BuildEvent::OutOfMemory(killed) => Some(killed.spec.name.clone()),
            _ => None,
        }
    }

    fn row_key(name: &String, start: KeyBuilder) -> Key {
        start.str(name).build()
    }

    fn change(
        row: &mut Option<PackageRow>,
        name: &String,
        event: &BuildEvent,
        envelope: &Envelope<'_>,
    ) -> bool {
        let begin = |at| move || PackageRow::begin(name, at);
        match event {
            BuildEvent::UsageRecorded(usage) => {
                let row = row.get_or_insert_with(begin(usage.finished_at));
                row.take_usage(usage, envelope);
            }
            BuildEvent::OutOfMemory(killed) => {
                let row = row.get_or_insert_with(begin(killed.finished_at));
                row.take_kill(killed, envelope);
            }
            _ => return false,
        }
        true
    }
}

impl PackageSort {
    /// The start of the keys of its index.
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Name => b"r",
            Self::Builds => b"o\x01",
            Self::MemoryPeak => b"o\x02",
            Self::MemoryWaste => b"o\x03",
            Self::CpuWaste => b"o\x04",
            Self::OutOfMemory => b"o\x05",
            Self::Latest => b"o\x06",
        }
    }
}

fn greatest_first(number: u64, row: &PackageRow, start: KeyBuilder) -> Option<Key> {
    Some(start.u64_descending(number).str(&row.name).build())
}

/// A number that is ordered as the quantity is. Bits of positive floats are; what is no number is least.
fn ordered(quantity: f64) -> u64 {
    if quantity > 0.0 {
        quantity.to_bits()
    } else {
        0
    }
}

impl Packages {
    /// A page of packages whose name begins with `start`, which may be empty.
    pub fn named(&self, start: &str, cursor: &Cursor, limit: usize) -> Answer<Listing<PackageRow>> {
        let prefix = KeyBuilder::new(PackageSort::Name.prefix()[0]).str_start(start);
        self.rows(&Walk::all(prefix.as_ref()), cursor, limit, |_| true)
    }

    /// A page of all packages.
    pub fn list(
        &self,
        sort: PackageSort,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<PackageRow>> {
        let query = ListQuery {
            order: Some(sort.prefix()),
            ..ListQuery::default()
        };
        self.page(&query, cursor, limit)
    }
}
