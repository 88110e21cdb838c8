//! What answers were worth.

use ::allocation::evaluation::{Grant, Score};
use ::allocation::{Ending, UsageSample};
use serde::{Deserialize, Serialize};

use super::join::Given;

/// The score of one answerer, over the builds that had its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccuracyScore {
    /// What they would have cost if every build were killed at what was granted and tried again with twice as much.
    pub score: Score,
    /// The sum of how far the memory lay from the peak, in peaks.
    pub memory_error: f64,
    /// Builds that were killed for memory in production, with the answer that they had got.
    pub killed: u64,
    /// What those had held, in byte-hours.
    pub killed_byte_hours: f64,
}

impl AccuracyScore {
    pub(super) fn add(&mut self, given: &Given, sample: &UsageSample) {
        let grant = Grant {
            memory: given.memory,
            cpu: given.cpu,
        };
        match &sample.ending {
            Ending::Success { memory, .. } => {
                self.score.add_build(grant, sample);
                self.memory_error += (given.memory - memory.max).abs() / memory.max;
            }
            // Of an answer that was not returned, only the effect of its limit is known.
            Ending::OutOfMemory { .. } if given.answerer.shadow => {
                self.score.add_build(grant, sample);
            }
            Ending::OutOfMemory { limit, .. } => {
                self.killed += 1;
                self.killed_byte_hours += limit * sample.seconds / 3600.0;
            }
        }
    }

    /// How far the memory lay from the peak on average, in peaks.
    #[must_use]
    pub fn mean_memory_error(&self) -> f64 {
        self.memory_error / self.score.jobs.max(1) as f64
    }
}
