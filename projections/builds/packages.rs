//! What do the builds of a package need, and how much of what they were given was for nothing?

mod histogram;
mod row;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::builds::build::BuildEvent;
use jiff::Timestamp;
use tables::{Key, KeyBuilder};

use crate::engine::listing::{self, Cursor, Listing, Walk};
use crate::engine::{Answer, Envelope, Projection, Reader, Rows, ViewReader};

pub use histogram::{Histogram, Quantiles};
pub use row::{PackageRow, VersionSeen, Waste};

const ROW: u8 = b'r';
/// All packages by a number, the greatest first.
const BY_NUMBER: u8 = b'o';

/// How many packages are kept at hand between pages: reading one anew costs more than all the rest.
/// Few in tests, so that they are let go.
const HELD_MAX: usize = if cfg!(test) { 1 } else { 2048 };

/// In which order packages are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PackageSort {
    /// By name.
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

/// The fold.
#[derive(Debug, Default)]
pub struct PackagesFold {
    /// Packages that were touched lately, each with its entries as they stand in the table; changed ones are
    /// written at the next flush.
    held: BTreeMap<String, Held>,
}

#[derive(Debug)]
struct Held {
    row: PackageRow,
    entries: Vec<Key>,
    is_changed: bool,
}

impl Projection for PackagesFold {
    type Event = BuildEvent;

    const NAME: &'static str = "packages";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        matches!(event_type, "build.usage_recorded" | "build.out_of_memory")
    }

    fn apply(&mut self, event: &BuildEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        match event {
            BuildEvent::UsageRecorded(usage) => {
                let row = self.row(&usage.spec.name, usage.finished_at, rows);
                row.take_usage(usage, envelope);
            }
            BuildEvent::OutOfMemory(killed) => {
                let row = self.row(&killed.spec.name, killed.finished_at, rows);
                row.take_kill(killed, envelope);
            }
            BuildEvent::Reported(_)
            | BuildEvent::CollectionSkipped(_)
            | BuildEvent::CollectionAttempted(_)
            | BuildEvent::CollectionFailed(_)
            | BuildEvent::CollectionAbandoned(_)
            | BuildEvent::CollectionRequeued(_) => {}
        }
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        for (name, held) in &mut self.held {
            if !std::mem::take(&mut held.is_changed) {
                continue;
            }
            let key = row_key(name);
            let entries = entries(&held.row);
            for (before, after) in held.entries.iter().zip(&entries) {
                if before != after {
                    rows.delete(before.clone());
                }
            }
            for entry in &entries {
                if !held.entries.contains(entry) {
                    rows.put_bytes(entry.clone(), key.clone());
                }
            }
            held.entries = entries;
            rows.put(key, &held.row);
        }
        // Which ones are held changes no row, so it may depend on how the log was cut into pages.
        if self.held.len() > HELD_MAX {
            self.held.clear();
        }
    }
}

impl PackagesFold {
    fn row(&mut self, name: &str, at: Timestamp, rows: &mut Rows<'_>) -> &mut PackageRow {
        if !self.held.contains_key(name) {
            let found: Option<PackageRow> = rows.get(&row_key(name));
            let entries = found.as_ref().map(entries).unwrap_or_default();
            let row = found.unwrap_or_else(|| PackageRow::begin(name, at));
            let held = Held {
                row,
                entries,
                is_changed: false,
            };
            self.held.insert(name.to_owned(), held);
        }
        let held = self.held.get_mut(name).expect("it was put there above");
        held.is_changed = true;
        &mut held.row
    }
}

/// One entry per order, in a fixed order.
fn entries(row: &PackageRow) -> Vec<Key> {
    let waste = &row.waste;
    [
        (PackageSort::Builds, row.builds),
        (PackageSort::MemoryPeak, ordered(row.memory_peak)),
        (PackageSort::MemoryWaste, ordered(waste.memory_unused)),
        (PackageSort::CpuWaste, ordered(waste.cpu_unused)),
        (PackageSort::OutOfMemory, row.out_of_memory),
        (
            PackageSort::Latest,
            row.last_at.as_microsecond().max(0).cast_unsigned(),
        ),
    ]
    .map(|(sort, number)| {
        let prefix = KeyBuilder::new(BY_NUMBER).u8(sort as u8);
        prefix.u64_descending(number).str(&row.name).build()
    })
    .into()
}

/// A number that is ordered as the quantity is. Bits of positive floats are; what is no number is least.
fn ordered(quantity: f64) -> u64 {
    if quantity > 0.0 {
        quantity.to_bits()
    } else {
        0
    }
}

fn row_key(name: &str) -> Key {
    KeyBuilder::new(ROW).str(name).build()
}

/// What packages need.
#[derive(Clone)]
pub struct Packages {
    reader: Reader,
}

impl ViewReader for Packages {
    type Fold = PackagesFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

impl Packages {
    /// One package.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn get(&self, name: &str) -> Answer<Option<PackageRow>> {
        self.reader.get(&row_key(name))
    }

    /// A page of packages whose name begins with `start`, which may be empty.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn named(&self, start: &str, cursor: &Cursor, limit: usize) -> Answer<Listing<PackageRow>> {
        let prefix = KeyBuilder::new(ROW).str_start(start).build();
        listing::rows(&self.reader, &Walk::all(&prefix), cursor, limit, |_| true)
    }

    /// A page of all packages.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn list(
        &self,
        sort: PackageSort,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<PackageRow>> {
        if sort == PackageSort::Name {
            return self.named("", cursor, limit);
        }
        let prefix = [BY_NUMBER, sort as u8];
        let walk = Walk::all(&prefix);
        walk.page(&self.reader, cursor, limit, |_, row_key| {
            self.reader.get(row_key)
        })
    }
}
