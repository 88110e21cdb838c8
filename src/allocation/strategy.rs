//! The strategies behind one interface.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::ladder::{Learning, Policy};
use crate::{Answer, Gantry, Ladder, Refs, SampleFlaw, SnapshotError, Spec, UsageSample};

/// Which strategy, and how it is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "strategy", rename_all = "snake_case")]
pub enum StrategySettings {
    /// The answers of Gantry, number for number.
    Gantry {
        /// Which git refs are learnt from.
        refs: Refs,
    },
    /// The app's own.
    Ladder {
        /// How history is learnt.
        learning: Learning,
        /// How daring the answers are.
        policy: Policy,
    },
}

impl StrategySettings {
    /// The name under which the strategy is chosen.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Gantry { .. } => "gantry",
            Self::Ladder { .. } => "ladder",
        }
    }

    /// Which git refs are learnt from.
    #[must_use]
    pub fn refs(&self) -> &Refs {
        match self {
            Self::Gantry { refs } => refs,
            Self::Ladder { learning, .. } => &learning.refs,
        }
    }

    /// The same, to be changed.
    pub fn refs_mut(&mut self) -> &mut Refs {
        match self {
            Self::Gantry { refs } => refs,
            Self::Ladder { learning, .. } => &mut learning.refs,
        }
    }

    /// The defaults of the strategy of that name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "gantry" => Some(Self::Gantry {
                refs: Refs::default(),
            }),
            "ladder" => Some(Self::Ladder {
                learning: Learning::default(),
                policy: Policy::default(),
            }),
            _ => None,
        }
    }
}

/// A strategy and what it has learnt: a pure function of its settings and of the samples so far.
#[derive(Clone, Debug)]
pub enum Strategy {
    /// The answers of Gantry, number for number.
    Gantry(Box<Gantry>),
    /// The app's own.
    Ladder(Box<Ladder>),
}

impl Strategy {
    /// A strategy without history.
    #[must_use]
    pub fn new(settings: StrategySettings) -> Self {
        match settings {
            StrategySettings::Gantry { refs } => Self::Gantry(Box::new(Gantry::new(refs))),
            StrategySettings::Ladder { learning, policy } => {
                Self::Ladder(Box::new(Ladder::new(learning, policy)))
            }
        }
    }

    /// Learns one build. What the strategy does not look at changes nothing.
    ///
    /// # Errors
    /// When the sample is flawed; nothing has changed then.
    pub fn learn(&mut self, sample: &UsageSample) -> Result<(), SampleFlaw> {
        match self {
            Self::Gantry(gantry) => gantry.learn(sample),
            Self::Ladder(ladder) => ladder.learn(sample),
        }
    }

    /// What a build should be given. Only some strategies look at the build jobs.
    #[must_use]
    pub fn answer(&self, spec: &Spec, build_jobs: Option<u32>) -> Answer {
        match self {
            Self::Gantry(gantry) => gantry.answer(spec),
            Self::Ladder(ladder) => ladder.answer(spec, build_jobs),
        }
    }

    /// How many builds it has learnt from.
    #[must_use]
    pub fn learnt(&self) -> u64 {
        match self {
            Self::Gantry(gantry) => gantry.learnt(),
            Self::Ladder(ladder) => ladder.learnt(),
        }
    }

    /// Everything it has learnt, as bytes. Equal histories give equal bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        match self {
            Self::Gantry(gantry) => gantry.snapshot(),
            Self::Ladder(ladder) => ladder.snapshot(),
        }
    }

    /// Goes on from a snapshot, as if everything in it had just been learnt.
    ///
    /// # Errors
    /// When the bytes are no whole snapshot of this strategy, or it learnt with other settings.
    /// History has to be learnt again from the start then.
    pub fn restore(settings: StrategySettings, bytes: &[u8]) -> Result<Self, SnapshotError> {
        Ok(match settings {
            StrategySettings::Gantry { refs } => {
                Self::Gantry(Box::new(Gantry::restore(refs, bytes)?))
            }
            StrategySettings::Ladder { learning, policy } => {
                Self::Ladder(Box::new(Ladder::restore(learning, policy, bytes)?))
            }
        })
    }
}
