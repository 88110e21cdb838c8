//! Transfer kernels: how far the next value has lain from a statistic, counted.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::grid::{KERNEL_BINS, KERNEL_GRID};
use super::level::LEVELS;
use super::resource::{RESOURCES, Resource};
use super::track::{SITUATIONS, SIZES, STATISTICS, Summary};

/// How many counts a more general kernel weighs against the counts of a more special one.
const PRIOR_WEIGHT: f64 = 20.0;

/// Where counting stops.
const COUNT_MAX: u32 = i32::MAX as u32;

/// The number of kernels that differ only by resource, level and statistic.
const BROAD: usize = RESOURCES * LEVELS * STATISTICS;
const SITUATED: usize = BROAD * SITUATIONS;
const SIZED: usize = SITUATED * SIZES;

/// Which kernels a statistic is looked up in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    broad: usize,
    situated: usize,
    sized: usize,
}

impl Place {
    pub(super) fn of(resource: Resource, level: usize, summary: &Summary) -> Self {
        let broad = (resource as usize * LEVELS + level) * STATISTICS + summary.statistic as usize;
        let situated = broad * SITUATIONS + summary.situation;
        let sized = situated * SIZES + resource.size_bucket(summary);
        Self {
            broad,
            situated: BROAD + situated,
            sized: BROAD + SITUATED + sized,
        }
    }

    /// From general to special.
    fn shared(self) -> [usize; 3] {
        [self.broad, self.situated, self.sized]
    }
}

/// The kernels that all packages share. One is stored when its first count arrives.
#[derive(Clone, Debug)]
pub(super) struct SharedKernels(Vec<Option<Box<Histogram>>>);

/// Counts by bin.
#[derive(Clone, Debug)]
struct Histogram {
    total: u64,
    bins: [u32; KERNEL_BINS],
}

/// The counts of a kernel as snapshots hold them: its number, then bins that are not empty.
pub(super) type SparseKernel = (u16, Vec<(u8, u32)>);

impl Default for SharedKernels {
    fn default() -> Self {
        Self(vec![None; BROAD + SITUATED + SIZED])
    }
}

impl SharedKernels {
    pub(super) fn count(&mut self, place: Place, bin: usize) {
        for slot in place.shared() {
            self.add(slot, bin, 1);
        }
    }

    /// Adds the counts of another shard.
    pub(super) fn merge(&mut self, other: &Self) {
        for (slot, bins) in other.to_sparse() {
            for (bin, count) in bins {
                self.add(usize::from(slot), usize::from(bin), count);
            }
        }
    }

    pub(super) fn to_sparse(&self) -> Vec<SparseKernel> {
        let stored = self.0.iter().enumerate();
        stored
            .filter_map(|(slot, histogram)| {
                let bins = histogram.as_ref()?.bins.iter().enumerate();
                let filled = bins.filter(|&(_, &count)| count > 0);
                let sparse = filled.map(|(bin, &count)| (bin as u8, count)).collect();
                Some((slot as u16, sparse))
            })
            .collect()
    }

    /// Nothing if a kernel or bin does not exist.
    pub(super) fn from_sparse(sparse: Vec<SparseKernel>) -> Option<Self> {
        let mut kernels = Self::default();
        for (slot, bins) in sparse {
            for (bin, count) in bins {
                let (slot, bin) = (usize::from(slot), usize::from(bin));
                if slot >= kernels.0.len() || bin >= KERNEL_BINS {
                    return None;
                }
                kernels.add(slot, bin, count);
            }
        }
        Some(kernels)
    }

    fn add(&mut self, slot: usize, bin: usize, count: u32) {
        let histogram = self.0[slot].get_or_insert_with(|| {
            Box::new(Histogram {
                total: 0,
                bins: [0; KERNEL_BINS],
            })
        });
        histogram.total += u64::from(count);
        histogram.bins[bin] = histogram.bins[bin].saturating_add(count).min(COUNT_MAX);
    }

    /// The chances of every bin: from the prior through the shared kernels to the package's own,
    /// each outweighing what came before as its counts grow.
    pub(super) fn blend(&self, place: Place, own: Option<&PackageKernels>) -> [f64; KERNEL_BINS] {
        let mut chances = *PRIOR;
        for slot in place.shared() {
            if let Some(histogram) = &self.0[slot] {
                let scale = 1.0 / (histogram.total as f64 + PRIOR_WEIGHT);
                for (chance, &count) in chances.iter_mut().zip(&histogram.bins) {
                    // Signed, because processors convert no other integers many at a time.
                    *chance = (f64::from(count as i32) + PRIOR_WEIGHT * *chance) * scale;
                }
            }
        }
        if let Some(own) = own {
            own.blend_into(place, &mut chances);
        }
        chances
    }
}

/// `0.5·exp(−|x|/0.25)` over the bins: without counts the next value is near the statistic.
static PRIOR: LazyLock<[f64; KERNEL_BINS]> = LazyLock::new(|| {
    let mut prior: [f64; KERNEL_BINS] =
        std::array::from_fn(|bin| (-KERNEL_GRID.centre(bin).abs() / 0.25).exp());
    let total: f64 = prior.iter().sum();
    for chance in &mut prior {
        *chance /= total;
    }
    prior
});

/// The kernels of one package, as few counts: most of its bins stay empty for ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PackageKernels {
    /// Kernel and bin in one number, ascending.
    slots: Vec<u16>,
    counts: Vec<u32>,
}

impl PackageKernels {
    pub(super) fn count(&mut self, place: Place, bin: usize) {
        let slot = slot(place, bin);
        match self.slots.binary_search(&slot) {
            Ok(at) => self.counts[at] = self.counts[at].saturating_add(1),
            Err(at) => {
                self.slots.insert(at, slot);
                self.counts.insert(at, 1);
            }
        }
    }

    /// Whether every count has its slot, in order.
    pub(super) fn is_sound(&self) -> bool {
        self.slots.len() == self.counts.len() && self.slots.is_sorted()
    }

    fn blend_into(&self, place: Place, chances: &mut [f64; KERNEL_BINS]) {
        let first = slot(place, 0);
        let from = self.slots.partition_point(|&slot| slot < first);
        let until = self
            .slots
            .partition_point(|&slot| slot < first + KERNEL_BINS as u16);
        let total: u64 = self.counts[from..until]
            .iter()
            .map(|&it| u64::from(it))
            .sum();
        if total == 0 {
            return;
        }
        let scale = 1.0 / (total as f64 + PRIOR_WEIGHT);
        for chance in chances.iter_mut() {
            *chance *= PRIOR_WEIGHT * scale;
        }
        for (&slot, &count) in self.slots[from..until]
            .iter()
            .zip(&self.counts[from..until])
        {
            chances[usize::from(slot - first)] += f64::from(count) * scale;
        }
    }
}

const _: () = assert!(BROAD * KERNEL_BINS <= u16::MAX as usize);
const _: () = assert!(BROAD + SITUATED + SIZED <= u16::MAX as usize);

fn slot(place: Place, bin: usize) -> u16 {
    (place.broad * KERNEL_BINS + bin) as u16
}
