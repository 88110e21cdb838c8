//! Where an answer comes from.

use std::fmt;

use serde::Serialize;

use super::VariantMatch;

/// Where an answer of this strategy comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GantryReason {
    /// What the sample has in common with the question; nothing when the defaults were answered.
    pub matched: Option<GantryMatch>,
    /// How many builds have it in common.
    pub seen: u32,
    /// The newest of them, from which the answer is computed, newest first.
    pub sample: Vec<GantrySample>,
    /// The memory that is answered instead, in bytes, because a build of this spec was killed for
    /// memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised_to: Option<f64>,
}

/// What a sample has in common with the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GantryMatch {
    /// The set of fields besides name and variants, from 1 (version, compiler and its version) to 6
    /// (none).
    pub level: u8,
    pub variants: VariantMatch,
}

/// One build of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GantrySample {
    pub position: u64,
    /// Unix seconds, where known.
    pub ended_at: Option<f64>,
    /// In cores.
    pub cpu_mean: f64,
    /// In cores.
    pub cpu_max: f64,
    /// In bytes.
    pub memory_mean: f64,
    /// In bytes.
    pub memory_max: f64,
}

impl GantryReason {
    pub(super) fn nothing_matched() -> Self {
        Self {
            matched: None,
            seen: 0,
            sample: Vec::new(),
            raised_to: None,
        }
    }
}

impl GantryMatch {
    /// The fields besides the name that agree.
    #[must_use]
    pub fn fields(self) -> &'static str {
        match self.level {
            1 => "version, compiler and compiler version",
            2 => "compiler and compiler version",
            3 => "version and compiler",
            4 => "compiler",
            5 => "version",
            _ => "nothing else",
        }
    }
}

impl fmt::Display for GantryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_sample(f)?;
        match self.raised_to {
            Some(bytes) => write!(
                f,
                "; memory is raised to {bytes} bytes, because a build of this spec was killed for memory"
            ),
            None => Ok(()),
        }
    }
}

impl GantryReason {
    fn write_sample(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(matched) = self.matched else {
            return f.write_str("fewer than 4 builds match on any level: the defaults");
        };
        let variants = match matched.variants {
            VariantMatch::Exact => "all variants",
            VariantMatch::Expensive => "the expensive variants",
        };
        write!(
            f,
            "the mean of the {} newest of {} builds that have the name, {variants} and {} in common",
            self.sample.len(),
            self.seen,
            matched.fields(),
        )
    }
}
