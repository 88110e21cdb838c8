//! What a build is given, and why.

use std::fmt;

use serde::Serialize;

use crate::gantry::GantryReason;
use crate::ladder::LadderReason;
use crate::{Megabytes, Millicores};

/// What a build is given, rounded as its strategy rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub cpu: Millicores,
    pub memory: Megabytes,
    /// The CPU limit, if the strategy has an opinion.
    pub cpu_limit: Option<Millicores>,
    /// The memory limit, if the strategy has an opinion.
    pub memory_limit: Option<Megabytes>,
    /// The number of build jobs, if the strategy has an opinion.
    pub build_jobs: Option<u32>,
    /// Where the numbers come from.
    pub reason: Reason,
}

/// Where the numbers of an answer come from. Displays as a sentence, serialises as a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "strategy", rename_all = "snake_case")]
pub enum Reason {
    /// From the sample of the `gantry` strategy.
    Gantry(GantryReason),
    /// From the rungs of the `ladder` strategy.
    Ladder(Box<LadderReason>),
}

impl Reason {
    /// The reason of the `gantry` strategy, if that answered.
    #[must_use]
    pub fn as_gantry(&self) -> Option<&GantryReason> {
        match self {
            Self::Gantry(reason) => Some(reason),
            Self::Ladder(_) => None,
        }
    }

    /// The reason of the `ladder` strategy, if that answered.
    #[must_use]
    pub fn as_ladder(&self) -> Option<&LadderReason> {
        match self {
            Self::Gantry(_) => None,
            Self::Ladder(reason) => Some(reason),
        }
    }

    /// How general the builds are that the memory comes from, as the strategy counts its levels
    /// from special to general; none when there are none that resemble the requested one.
    #[must_use]
    pub fn level(&self) -> Option<usize> {
        match self {
            Self::Gantry(reason) => reason.matched.map(|matched| usize::from(matched.level)),
            Self::Ladder(reason) => reason.memory.level(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gantry(reason) => reason.fmt(f),
            Self::Ladder(reason) => reason.fmt(f),
        }
    }
}
