//! What is remembered of one resource under one key, and how it is summed up.

use serde::{Deserialize, Serialize};

/// How many values are remembered one by one.
pub(super) const RING: usize = 8;

/// By how many octaves the remembered extremes fade with every build.
const FADE: f32 = 0.004;

/// The recent peaks under one key, as log2 of bytes or cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Track {
    /// How many values there have been.
    n: u32,
    /// The newest values, newest first.
    ring: [f32; RING],
    /// The highest value, fading.
    hi: f32,
    /// The lowest value, fading.
    lo: f32,
}

/// One way of summing up a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The newest value.
    Last,
    /// The highest of the newest eight.
    Max,
    /// The upper median of the newest eight.
    Median,
    /// The highest ever, fading slowly.
    Long,
}

/// How many ways there are.
pub(super) const STATISTICS: usize = 4;
/// How many combinations of count and spread are distinguished.
pub(super) const SITUATIONS: usize = 24;
/// How many sizes are distinguished.
pub(super) const SIZES: usize = 4;

/// A statistic of a track with the situation it was taken in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    pub(super) statistic: Statistic,
    pub(super) value: f64,
    /// Count and spread, below [`SITUATIONS`].
    pub(super) situation: usize,
}

impl Track {
    pub(super) fn push(&mut self, value: f32) {
        let lo = if self.n == 0 {
            value
        } else {
            value.min(self.lo + FADE)
        };
        self.push_high(value);
        self.lo = lo;
    }

    /// Remembers a lower bound of a value, which does not count for the lowest.
    pub(super) fn push_high(&mut self, value: f32) {
        if self.n == 0 {
            (self.hi, self.lo) = (value, value);
        }
        self.hi = value.max(self.hi - FADE);
        self.ring.rotate_right(1);
        self.ring[0] = value;
        self.n = self.n.saturating_add(1);
    }

    pub(super) fn seen(&self) -> u32 {
        self.n
    }

    /// The remembered values, newest first.
    pub(super) fn newest(&self) -> &[f32] {
        &self.ring[..(self.n as usize).min(RING)]
    }

    /// All statistics that the number of values allows.
    pub(super) fn summaries(&self) -> impl Iterator<Item = Summary> + use<> {
        let mut sorted = [f32::INFINITY; RING];
        let newest = self.newest();
        sorted[..newest.len()].copy_from_slice(newest);
        sorted.sort_unstable_by(f32::total_cmp);
        let (lowest, median, highest) = match newest.len() {
            0 => (0.0, 0.0, 0.0),
            len => (sorted[0], sorted[len / 2], sorted[len - 1]),
        };
        let count = count_bucket(self.n);
        let near = count * 6 + spread_bucket(self.n, highest - lowest);
        let far = count * 6 + spread_bucket(self.n, self.hi - self.lo);
        let of = |statistic, value, situation| Summary {
            statistic,
            value: f64::from(value),
            situation,
        };
        let known = match self.n {
            0 => 0,
            1 => 1,
            _ => STATISTICS,
        };
        [
            of(Statistic::Last, self.ring[0], near),
            of(Statistic::Max, highest, near),
            of(Statistic::Median, median, near),
            of(Statistic::Long, self.hi, far),
        ]
        .into_iter()
        .take(known)
    }
}

fn count_bucket(n: u32) -> usize {
    match n {
        0 | 1 => 0,
        2 | 3 => 1,
        4..=7 => 2,
        _ => 3,
    }
}

fn spread_bucket(n: u32, spread: f32) -> usize {
    if n <= 1 {
        return 0;
    }
    [0.03, 0.1, 0.3, 0.8, 1.6]
        .iter()
        .filter(|&&edge| spread >= edge)
        .count()
}
