//! A model: a training, and what it has come to so far.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{Answer, SnapshotError, Spec, Strategy, Training, UsageSample};

/// A training, and what it has come to so far. A pure function of the training and of the history
/// it was shown.
#[derive(Clone, Debug)]
pub struct Model {
    training: Training,
    strategy: Strategy,
    progress: ModelProgress,
}

/// How far a model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelProgress {
    /// Position of the last build that it has learnt, or left out for its ref; 0 before the first.
    pub learnt_to: u64,
    /// Position of the last build that it was given.
    pub shown_to: u64,
    /// Builds that no build can have been; they were not learnt from.
    pub flawed: u64,
}

impl Model {
    /// A model that has learnt nothing.
    #[must_use]
    pub fn new(training: Training) -> Self {
        Self {
            strategy: Strategy::new(training.settings.clone()),
            training,
            progress: ModelProgress::default(),
        }
    }

    /// Shows it one build. What it does not train on changes nothing, and neither does what it was
    /// shown before.
    pub fn learn(&mut self, sample: &UsageSample) {
        // A model that is trained later starts after what it leaves out, and must be the same.
        if sample.position <= self.progress.shown_to.max(self.training.after) {
            return;
        }
        self.progress.shown_to = sample.position;
        if !self.training.takes(sample) {
            return;
        }
        match self.strategy.learn(sample) {
            Ok(()) => self.progress.learnt_to = sample.position,
            Err(_) => self.progress.flawed += 1,
        }
    }

    /// What a build should be given.
    #[must_use]
    pub fn answer(&self, spec: &Spec, build_jobs: Option<u32>) -> Answer {
        self.strategy.answer(spec, build_jobs)
    }

    /// What it is trained on.
    #[must_use]
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> ModelProgress {
        self.progress
    }

    /// How many builds it has learnt from.
    #[must_use]
    pub fn learnt(&self) -> u64 {
        self.strategy.learnt()
    }

    /// Everything it has learnt, as bytes. Equal histories give equal bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        self.strategy.snapshot()
    }

    /// One number for everything it has learnt, 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        blake3::hash(&self.snapshot()).to_hex().to_string()
    }

    /// Goes on from a snapshot, as if everything in it had just been learnt.
    ///
    /// # Errors
    /// When the bytes are no whole snapshot of the strategy, or it learnt with other settings.
    pub fn restore(
        training: Training,
        progress: ModelProgress,
        bytes: &[u8],
    ) -> Result<Self, SnapshotError> {
        Ok(Self {
            strategy: Strategy::restore(training.settings.clone(), bytes)?,
            training,
            progress,
        })
    }
}
