//! A compact histogram, with the same bytes every time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many of a float's highest bits name its bin: sign, exponent and five bits of the fraction.
const BIN_SHIFT: u32 = 47;

/// Counts of positive quantities in bins that are 1/32 of an octave's lower bound wide: what is read from it
/// is off by at most 1.6 %. Bins are cut out of the bits of a float, so no rounding differs between machines;
/// two histograms are added bin by bin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    bins: BTreeMap<u32, u64>,
}

impl Histogram {
    /// Counts one quantity; what is not a positive number is not counted.
    pub fn add(&mut self, quantity: f64) {
        if quantity.is_finite() && quantity > 0.0 {
            *self.bins.entry(bin(quantity)).or_default() += 1;
        }
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        for (bin, count) in &other.bins {
            *self.bins.entry(*bin).or_default() += count;
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.bins.values().sum()
    }

    /// The quantity that `share` (0 to 1) of all do not exceed, by nearest rank; none when there is none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let count = self.count();
        let rank = ((share.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let mut below = 0;
        for (bin, count) in &self.bins {
            below += count;
            if below >= rank {
                return Some(middle(*bin));
            }
        }
        None
    }

    /// The quantiles that people ask for.
    #[must_use]
    pub fn quantiles(&self) -> Option<Quantiles> {
        Some(Quantiles {
            p50: self.quantile(0.5)?,
            p90: self.quantile(0.9)?,
            p95: self.quantile(0.95)?,
            p99: self.quantile(0.99)?,
        })
    }
}

/// The quantiles that people ask for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Half lie below.
    pub p50: f64,
    /// Nine of ten lie below.
    pub p90: f64,
    /// Nineteen of twenty lie below.
    pub p95: f64,
    /// Ninety-nine of a hundred lie below.
    pub p99: f64,
}

/// Bits of positive floats are in the order of the floats.
fn bin(quantity: f64) -> u32 {
    u32::try_from(quantity.to_bits() >> BIN_SHIFT).unwrap_or(u32::MAX)
}

fn middle(bin: u32) -> f64 {
    let low = f64::from_bits(u64::from(bin) << BIN_SHIFT);
    let high = f64::from_bits((u64::from(bin) + 1) << BIN_SHIFT);
    // Halves before the sum: the highest bin ends at infinity.
    low / 2.0 + high / 2.0
}
