//! What an operator chose about answers.

use ::allocation::ladder::{Learning, Policy};
use ::allocation::{Refs, StrategySettings, Training};
use serde::{Deserialize, Serialize};

/// What models learn from, and which strategy answers by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllocationSettings {
    /// Which git refs are learnt from: `develop` alone by default.
    pub refs: Refs,
    /// The strategy that answers when a request names none and no trained model was promoted.
    pub strategy: StrategyName,
    /// The strategy that also computes answers, which are recorded and not returned.
    pub shadow: Option<StrategyName>,
}

/// Who answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyName {
    /// The mean of the five newest builds that resemble the requested one.
    #[default]
    Gantry,
    /// Our own: from recent peaks and the usual distance of the next one.
    Ladder,
}

impl StrategyName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Gantry, Self::Ladder];

    /// Its name in configuration and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gantry => "gantry",
            Self::Ladder => "ladder",
        }
    }

    /// The strategy that these settings are of.
    #[must_use]
    pub fn of(settings: &StrategySettings) -> Self {
        match settings {
            StrategySettings::Gantry { .. } => Self::Gantry,
            StrategySettings::Ladder { .. } => Self::Ladder,
        }
    }
}

impl std::str::FromStr for StrategyName {
    type Err = String;

    /// Reads [`StrategyName::as_str`].
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| {
            format!("there is no strategy `{text}`; there are `gantry` and `ladder`")
        })
    }
}

impl AllocationSettings {
    /// The default training of a strategy: everything, of the configured refs.
    #[must_use]
    pub fn training(&self, strategy: StrategyName) -> Training {
        let refs = self.refs.clone();
        Training::on_everything(match strategy {
            StrategyName::Gantry => StrategySettings::Gantry { refs },
            StrategyName::Ladder => StrategySettings::Ladder {
                learning: Learning {
                    refs,
                    ..Learning::default()
                },
                policy: Policy::default(),
            },
        })
    }
}
