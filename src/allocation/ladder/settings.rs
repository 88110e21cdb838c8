//! What can be chosen: how history is learnt, and how daring the answers are.

use serde::{Deserialize, Serialize};

use crate::Refs;
use crate::gantry::EXPENSIVE_VARIANTS;

/// How history is learnt. Two models that learnt differently cannot be mixed or resumed from each
/// other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Learning {
    /// Which git refs are learnt from.
    pub refs: Refs,
    /// The variants that change most what a build needs.
    pub heavy_variants: Vec<String>,
    /// The most keys that are remembered. The longest untouched quarter is forgotten beyond that.
    pub nodes_max: usize,
    /// The most packages whose own kernels are remembered; forgotten likewise.
    pub packages_max: usize,
}

impl Default for Learning {
    fn default() -> Self {
        Self {
            refs: Refs::default(),
            heavy_variants: EXPENSIVE_VARIANTS.map(str::to_owned).to_vec(),
            // What a hash table of 2^18 places holds before it doubles: about 30 MB.
            nodes_max: 229_376,
            packages_max: 14_336,
        }
    }
}

/// How daring the answers are. It may change at any time: nothing that is learnt depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The largest chance of a first attempt without enough memory, from 0 to 1.
    pub failure_chance_max: f64,
    /// What a failed attempt costs beyond the memory that it held, in units of an average job.
    pub failure_price: f64,
    /// Which share of new packages gets enough memory at once, from 0 to 1.
    pub cold_quantile: f64,
    /// How many of the best statistics are mixed for memory, from 1 (the best alone) to 32.
    pub mixed: u8,
    /// The least memory that is answered, in bytes.
    pub memory_min: f64,
    /// The most memory that is answered, in bytes: the size of the largest node.
    pub memory_max: f64,
    /// The least CPU that is answered, in cores.
    pub cpu_min: f64,
}

/// Why a policy is refused: the field, and the range it must be in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}; it must be from {least} to {most}")]
pub struct PolicyError {
    field: &'static str,
    value: f64,
    least: f64,
    most: f64,
}

impl Policy {
    /// The default: one attempt in ten may fail if that is cheaper, and a failure costs three jobs.
    pub const STD: Self = Self {
        failure_chance_max: 0.10,
        failure_price: 3.0,
        cold_quantile: 0.95,
        mixed: 1,
        memory_min: 256_000_000.0,
        memory_max: 1e15,
        cpu_min: 0.01,
    };

    /// The cheapest in memory: a failure costs little more than its own memory.
    pub const LEAN: Self = Self {
        failure_price: 0.3,
        cold_quantile: 0.90,
        ..Self::STD
    };

    /// For builds that must not fail, such as those of release branches.
    pub const SAFE: Self = Self {
        failure_chance_max: 0.02,
        failure_price: 10.0,
        cold_quantile: 0.97,
        ..Self::STD
    };

    /// Mixes the best eight statistics instead of trusting the best: the one that promises least is
    /// often the one that is most wrong. A failure is then rare enough to cost only one job.
    pub const MIXED: Self = Self {
        failure_price: 1.0,
        mixed: 8,
        ..Self::STD
    };

    /// The policy of that name, if there is one: `std`, `lean`, `safe` or `mixed`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "std" => Some(Self::STD),
            "lean" => Some(Self::LEAN),
            "safe" => Some(Self::SAFE),
            "mixed" => Some(Self::MIXED),
            _ => None,
        }
    }

    /// Refuses what would not give sensible answers.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        for (field, value, least, most) in [
            ("failure_chance_max", self.failure_chance_max, 0.0, 1.0),
            ("failure_price", self.failure_price, 0.0, 1e6),
            ("cold_quantile", self.cold_quantile, 0.0, 1.0),
            ("mixed", f64::from(self.mixed), 1.0, 32.0),
            ("memory_min", self.memory_min, 1.0, 1e15),
            ("memory_max", self.memory_max, self.memory_min, 1e15),
            ("cpu_min", self.cpu_min, 0.001, 1e5),
        ] {
            if !(least..=most).contains(&value) {
                return Err(PolicyError {
                    field,
                    value,
                    least,
                    most,
                });
            }
        }
        Ok(())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::STD
    }
}
