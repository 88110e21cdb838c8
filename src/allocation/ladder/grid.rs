//! Bins of equal width in octaves, and the cheapest place to cut a distribution over them.

use std::sync::LazyLock;

/// Bins of a transfer kernel: the distance of the next value from a statistic in octaves.
pub(super) const KERNEL_BINS: usize = 144;
/// Bins of a cold histogram: log2 of bytes.
pub(super) const COLD_BINS: usize = 80;

/// From −4 to +5 octaves in sixteenths.
pub(super) static KERNEL_GRID: LazyLock<Grid<KERNEL_BINS>> = LazyLock::new(|| Grid::new(-4.0, 16));
/// From 2^22 to 2^42 bytes in quarters of an octave.
pub(super) static COLD_GRID: LazyLock<Grid<COLD_BINS>> = LazyLock::new(|| Grid::new(22.0, 4));

/// Bins of equal width in octaves, with the powers of two that costs are made of.
pub(super) struct Grid<const N: usize> {
    start: f64,
    per_octave: usize,
    middle: [f64; N],
    /// 2 to the upper edge of each bin.
    edge: [f64; N],
}

/// Where a distribution is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// The bin whose upper edge is the allocation.
    pub(super) bin: usize,
    /// Expected waste per unit of expected use.
    pub(super) waste: f64,
    /// The chance that more is needed.
    pub(super) exceeded: f64,
}

impl<const N: usize> Grid<N> {
    fn new(start: f64, per_octave: usize) -> Self {
        let at = |bins: f64| (start + bins / per_octave as f64).exp2();
        Self {
            start,
            per_octave,
            middle: std::array::from_fn(|bin| at(bin as f64 + 0.5)),
            edge: std::array::from_fn(|bin| at(bin as f64 + 1.0)),
        }
    }

    /// The bin of a value; values outside belong to the first or last.
    pub(super) fn bin(&self, log: f64) -> usize {
        let bin = ((log - self.start) * self.per_octave as f64).floor();
        // `as` saturates, and turns what is not a number into 0.
        (bin as usize).min(N - 1)
    }

    /// The upper edge of a bin, as log2.
    pub(super) fn upper(&self, bin: usize) -> f64 {
        self.start + (bin + 1) as f64 / self.per_octave as f64
    }

    /// The middle of a bin, as log2.
    pub(super) fn centre(&self, bin: usize) -> f64 {
        self.start + (bin as f64 + 0.5) / self.per_octave as f64
    }

    /// The lowest bin with at most `1 − share` above its upper edge.
    pub(super) fn quantile(&self, p: &[f64; N], share: f64) -> usize {
        let mut below = 0.0;
        p.iter()
            .position(|chance| {
                below += chance;
                below >= share - 1e-12
            })
            .unwrap_or(N - 1)
    }

    /// Adds a distribution that is shifted up by some octaves against this grid, with a weight.
    /// What falls between two bins is shared by them; what falls outside belongs to the first or
    /// last.
    pub(super) fn add_shifted(&self, sum: &mut [f64; N], p: &[f64; N], octaves: f64, weight: f64) {
        let shift = octaves * self.per_octave as f64;
        let upper = shift - shift.floor();
        // `as` saturates, so that no shift is too far.
        let shift = shift.floor() as isize;
        let place =
            |bin: usize| shift.saturating_add(bin as isize).clamp(0, N as isize - 1) as usize;
        for (bin, chance) in p.iter().enumerate() {
            sum[place(bin)] += weight * (1.0 - upper) * chance;
            sum[place(bin + 1)] += weight * upper * chance;
        }
    }

    /// Cuts where the expected waste is lowest if attempts double until they suffice and every
    /// failed one costs `failure` more; then raises the cut until at most `exceeded_max` is above.
    pub(super) fn cut_doubling(&self, p: &[f64; N], failure: f64, exceeded_max: f64) -> Cut {
        let mut above = [0.0; N];
        // What all attempts after the first cost, from a first attempt at this edge.
        let mut retries = [0.0; N];
        let mut best = (f64::INFINITY, N - 1);
        let (mut beyond, mut used) = (0.0, 0.0);
        for bin in (0..N).rev() {
            let next = bin + self.per_octave;
            let later = if next < N { retries[next] } else { 0.0 };
            above[bin] = beyond;
            retries[bin] = beyond * (2.0 * self.edge[bin] + failure) + later;
            let cost = self.edge[bin] + retries[bin];
            if cost <= best.0 {
                best = (cost, bin);
            }
            beyond += p[bin];
            used += p[bin] * self.middle[bin];
        }
        let (_, mut bin) = best;
        while bin + 1 < N && above[bin] > exceeded_max {
            bin += 1;
        }
        Cut {
            bin,
            waste: (self.edge[bin] + retries[bin] - used) / used,
            exceeded: above[bin],
        }
    }

    /// Cuts where idle below plus twice the lack above is lowest.
    pub(super) fn cut_throttling(&self, p: &[f64; N]) -> Cut {
        let used = self.mean(p);
        let (mut below, mut used_below) = (0.0, 0.0);
        let mut best = Cut {
            bin: N - 1,
            waste: f64::INFINITY,
            exceeded: 0.0,
        };
        let bins = p.iter().zip(&self.middle).zip(&self.edge).enumerate();
        for (bin, ((&chance, &middle), &edge)) in bins {
            below += chance;
            used_below += chance * middle;
            let above = 1.0 - below;
            let idle = edge * below - used_below;
            let lacking = (used - used_below) - edge * above;
            let waste = (idle + 2.0 * lacking) / used;
            if waste < best.waste {
                best = Cut {
                    bin,
                    waste,
                    exceeded: above.max(0.0),
                };
            }
        }
        best
    }

    fn mean(&self, p: &[f64; N]) -> f64 {
        p.iter().zip(&self.middle).map(|(p, z)| p * z).sum()
    }
}
