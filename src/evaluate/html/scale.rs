//! The place of a value on an axis.

/// How an axis runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Every factor is as wide as the same factor elsewhere. For values above 0.
    Logarithmic,
    /// Small values are spread, and 0 has a place.
    SquareRoot,
}

/// From values to places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// An axis from `low` at `start` to `high` at `end`.
    pub(super) fn new(kind: Kind, (low, high): (f64, f64), (start, end): (f64, f64)) -> Self {
        let scale = |value| kind.of(value);
        let (low, high) = (scale(low), scale(high));
        // A single value is at the start.
        let high = if high > low { high } else { low + 1.0 };
        Self {
            kind,
            low,
            high,
            start,
            end,
        }
    }

    /// The place of a value; values off the axis are at its end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = (self.kind.of(value) - self.low) / (self.high - self.low);
        self.start + share.clamp(0.0, 1.0) * (self.end - self.start)
    }
}

impl Kind {
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Logarithmic => value.max(1e-9).log2(),
            Self::SquareRoot => value.max(0.0).sqrt(),
        }
    }
}

/// The round values (1, 2, 5 and their tenfolds) from `low` to `high`.
pub(super) fn round_values(low: f64, high: f64) -> impl Iterator<Item = f64> {
    (-6..16)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|digit: f64| digit * 10_f64.powi(power)))
        .filter(move |value| (low..=high).contains(value))
}

/// The powers of ten from `low` to `high`.
pub(super) fn powers_of_ten(low: f64, high: f64) -> impl Iterator<Item = f64> {
    (0..16)
        .map(|power| 10_f64.powi(power))
        .filter(move |value| (low..=high).contains(value))
}
