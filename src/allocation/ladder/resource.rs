//! The two resources that are answered.

use super::track::Summary;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    /// In bytes.
    Memory,
    /// In cores.
    Cpu,
}

pub(super) const RESOURCES: usize = 2;

/// Below one byte and a millionth of a core nothing is distinguished, and logarithms stay finite.
const MEMORY_LOG_MIN: f64 = 0.0;
const CPU_LOG_MIN: f64 = -20.0;

impl Resource {
    pub(super) fn log(self, amount: f64) -> f64 {
        match self {
            Self::Memory => amount.log2().max(MEMORY_LOG_MIN),
            Self::Cpu => amount.log2().max(CPU_LOG_MIN),
        }
    }

    /// The size of a statistic, below [`super::track::SIZES`].
    pub(super) fn size_bucket(self, summary: &Summary) -> usize {
        let edges: &[f64] = match self {
            Self::Memory => &[28.0, 30.5, 33.0],
            Self::Cpu => &[-1.0, 1.0],
        };
        edges.iter().filter(|&&edge| summary.value >= edge).count()
    }
}
