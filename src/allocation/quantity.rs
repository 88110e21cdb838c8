//! Amounts as Kubernetes writes them.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of CPU in thousandths of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millicores(pub u64);

/// An amount of memory in units of 1 000 000 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Megabytes(pub u64);

impl Millicores {
    /// Rounds cores to the nearest thousandth, halves to the even one.
    #[must_use]
    pub fn nearest(cores: f64) -> Self {
        Self(whole((cores * 1000.0).round_ties_even()))
    }

    /// Rounds cores up.
    #[must_use]
    pub fn at_least(cores: f64) -> Self {
        Self(whole((cores * 1000.0).ceil()))
    }

    /// The number of cores.
    #[must_use]
    pub fn cores(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// As cores, with at most three decimals and no trailing zeros: `11.779`, `1`.
    #[must_use]
    pub fn to_cores_text(self) -> String {
        let (whole, thousandths) = (self.0 / 1000, self.0 % 1000);
        if thousandths == 0 {
            return whole.to_string();
        }
        let text = format!("{whole}.{thousandths:03}");
        text.trim_end_matches('0').to_owned()
    }

    /// As millicores: `11779m`.
    #[must_use]
    pub fn to_millicores_text(self) -> String {
        format!("{}m", self.0)
    }
}

impl Megabytes {
    /// Rounds bytes to the nearest megabyte, halves to the even one.
    #[must_use]
    pub fn nearest(bytes: f64) -> Self {
        Self(whole((bytes / 1e6).round_ties_even()))
    }

    /// Rounds bytes up.
    #[must_use]
    pub fn at_least(bytes: f64) -> Self {
        Self(whole((bytes / 1e6).ceil()))
    }

    /// The number of bytes.
    #[must_use]
    pub fn bytes(self) -> f64 {
        self.0 as f64 * 1e6
    }
}

impl fmt::Display for Megabytes {
    /// As megabytes: `9577M`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}M", self.0)
    }
}

/// The integer of a rounded float. NaN and negative values become 0.
fn whole(rounded: f64) -> u64 {
    // `as` saturates, which is what an absurd amount deserves.
    rounded as u64
}
