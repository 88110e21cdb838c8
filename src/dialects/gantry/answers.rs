//! Counts answers to "how much does this build need?" by how much the builds resemble that they
//! come from.

use std::sync::atomic::{AtomicU64, Ordering};

use projections::allocation::{Answered, StrategyName};

/// The most general level that is counted separately; more general ones count as that.
const LEVEL_MAX: usize = 15;

#[derive(Debug, Default)]
pub(crate) struct AnswerCounts([[AtomicU64; LEVEL_MAX + 2]; StrategyName::ALL.len()]);

/// How often a strategy has answered from one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerCount {
    /// Who answered.
    pub strategy: StrategyName,
    /// The level as the strategy counts, from special to general; none when nothing was known.
    pub level: Option<usize>,
    /// How many answers.
    pub count: u64,
}

impl AnswerCounts {
    pub(crate) fn count(&self, answered: &Answered) {
        let level = answered.answer.reason.level();
        let place = level.map_or(0, |level| level.min(LEVEL_MAX) + 1);
        self.0[answered.strategy as usize][place].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Vec<AnswerCount> {
        let of = |strategy: StrategyName| {
            let counts = self.0[strategy as usize].iter().enumerate();
            counts.map(move |(place, count)| AnswerCount {
                strategy,
                level: place.checked_sub(1),
                count: count.load(Ordering::Relaxed),
            })
        };
        let all = StrategyName::ALL.into_iter().flat_map(of);
        all.filter(|one| one.count > 0).collect()
    }
}
