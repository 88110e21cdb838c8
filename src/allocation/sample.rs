//! One finished build, as the allocator learns it.

mod check;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::Spec;

pub use check::SampleFlaw;

/// One finished build and what it used.
///
/// The fields are unchecked; a model calls [`UsageSample::check`] before it learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageSample {
    /// Its position in the log. Explanations refer to it, and what is longest untouched is
    /// forgotten first; no amount is computed from it.
    pub position: u64,
    pub spec: Spec,
    /// The git ref it was built for, such as `develop`.
    pub git_ref: String,
    /// How many jobs `make` was given, where that is known.
    pub build_jobs: Option<u32>,
    /// When it ended, in Unix seconds; unknown in some imported histories.
    pub ended_at: Option<f64>,
    /// How long it ran, in seconds.
    pub seconds: f64,
    pub ending: Ending,
}

/// How a build ended, as far as an allocator cares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It succeeded, and this is what it used.
    Success {
        /// In cores.
        cpu: Usage,
        /// In bytes.
        memory: Usage,
    },
    /// It was killed because it needed more memory than it was allowed.
    OutOfMemory {
        /// What it was allowed, in bytes. It needed at least that much.
        limit: f64,
        /// Whether that was another allocator's answer, in a history that was taken over.
        #[serde(default)]
        imported: bool,
    },
}

/// What one build used of one resource, over its whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The request, if known.
    pub request: Option<f64>,
    /// What it was allowed, where there was a limit.
    pub limit: Option<f64>,
    /// The mean over time.
    pub mean: f64,
    /// The median over time, where it was measured.
    pub median: Option<f64>,
    /// The highest: the peak.
    pub max: f64,
    /// The lowest, where it was measured.
    pub min: Option<f64>,
    /// The population standard deviation over time, where it was measured.
    pub stddev: Option<f64>,
}

impl UsageSample {
    /// What it used of CPU and memory, unless it was killed before that was known.
    #[must_use]
    pub fn usage(&self) -> Option<(&Usage, &Usage)> {
        match &self.ending {
            Ending::Success { cpu, memory } => Some((cpu, memory)),
            Ending::OutOfMemory { .. } => None,
        }
    }

    /// Refuses what no build can have used.
    ///
    /// # Errors
    /// The first flaw found: a value that is zero, negative, not a number, or absurdly large.
    pub fn check(&self) -> Result<(), SampleFlaw> {
        check::sample(self)
    }
}
