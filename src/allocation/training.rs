//! What a model is trained on: a strategy with its settings, and which builds of a history it
//! learns from.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ladder::Policy;
use crate::{Refs, StrategySettings, UsageSample};

/// The most values that one field may be limited to.
pub const VALUES_MAX: usize = 1000;
/// The most keys that a trained model may remember: about half a GB.
const NODES_MAX: usize = 4_000_000;
/// The most packages likewise.
const PACKAGES_MAX: usize = 250_000;

/// What a model is trained on. Together with the log it determines the model: the same training on
/// the same log gives the same state, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The strategy and how it is set up, refs included.
    pub settings: StrategySettings,
    /// Nothing at or before this position of the log is learnt.
    #[serde(default)]
    pub after: u64,
    /// What else limits the builds that are learnt from.
    #[serde(default)]
    pub only: Selection,
}

/// Which builds count, in addition to their refs. An empty set is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Builds of these packages.
    pub packages: BTreeSet<String>,
    /// Builds with these compilers.
    pub compilers: BTreeSet<String>,
    /// Builds for these architectures.
    pub archs: BTreeSet<String>,
}

/// Why a setting or a limit is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrainingError {
    /// There is no setting of that name for the strategy.
    #[error("`{strategy}` has no setting `{name}`; it has {known}")]
    NoSuchSetting {
        strategy: &'static str,
        name: String,
        /// What could have been.
        known: &'static str,
    },
    /// The value does not fit the setting.
    #[error("{name}: {reason}")]
    Value {
        name: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// Builds cannot be chosen by that.
    #[error("builds are chosen by ref, package, compiler or arch, not by `{0}`")]
    NoSuchField(String),
}

impl Training {
    /// The whole history, with the defaults of a strategy.
    #[must_use]
    pub fn on_everything(settings: StrategySettings) -> Self {
        Self {
            settings,
            after: 0,
            only: Selection::default(),
        }
    }

    /// Whether a build counts. Refs are looked at by the strategy itself.
    #[must_use]
    pub fn takes(&self, sample: &UsageSample) -> bool {
        let Selection {
            packages,
            compilers,
            archs,
        } = &self.only;
        let within = |set: &BTreeSet<String>, value: &str| set.is_empty() || set.contains(value);
        sample.position > self.after
            && within(packages, &sample.spec.name)
            && within(compilers, &sample.spec.compiler)
            && within(archs, &sample.spec.arch)
    }

    /// Whether a build counts and its ref is learnt from.
    #[must_use]
    pub fn learns_from(&self, sample: &UsageSample) -> bool {
        self.settings.refs().take(&sample.git_ref) && self.takes(sample)
    }

    /// Sets one setting of the strategy. `policy` replaces all that have to do with daring, so it
    /// comes first.
    ///
    /// # Errors
    /// When there is no such setting, or the value is not one for it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), TrainingError> {
        let no_such_setting = |strategy, known| TrainingError::NoSuchSetting {
            strategy,
            name: name.to_owned(),
            known,
        };
        let (learning, policy) = match &mut self.settings {
            StrategySettings::Gantry { .. } => return Err(no_such_setting("gantry", "none")),
            StrategySettings::Ladder { learning, policy } => (learning, policy),
        };
        match name {
            "policy" => {
                *policy = Policy::named(value)
                    .ok_or_else(|| refused(name, "there are std, lean, safe and mixed"))?;
            }
            "failure_chance_max" => policy.failure_chance_max = number(name, value)?,
            "failure_price" => policy.failure_price = number(name, value)?,
            "cold_quantile" => policy.cold_quantile = number(name, value)?,
            "mixed" => policy.mixed = number(name, value)?,
            "memory_min" => policy.memory_min = number(name, value)?,
            "memory_max" => policy.memory_max = number(name, value)?,
            "cpu_min" => policy.cpu_min = number(name, value)?,
            "nodes_max" => learning.nodes_max = within(name, number(name, value)?, NODES_MAX)?,
            "packages_max" => {
                learning.packages_max = within(name, number(name, value)?, PACKAGES_MAX)?;
            }
            "heavy_variants" => {
                let names = value.split(',').map(str::trim).filter(|it| !it.is_empty());
                learning.heavy_variants = names.map(str::to_owned).collect();
                within(name, learning.heavy_variants.len(), VALUES_MAX)?;
            }
            _ => {
                return Err(no_such_setting(
                    "ladder",
                    "policy, failure_chance_max, failure_price, cold_quantile, mixed, memory_min, memory_max, \
                     cpu_min, nodes_max, packages_max and heavy_variants",
                ));
            }
        }
        let checked = policy.check();
        checked.map_err(|error| refused(name, error.to_string()))
    }

    /// Lets builds count only if they have one of these values in a field. A ref of `*` means every
    /// ref.
    ///
    /// # Errors
    /// When builds cannot be chosen by that field, or there are too many values.
    pub fn limit(
        &mut self,
        field: &str,
        values: impl IntoIterator<Item = String>,
    ) -> Result<(), TrainingError> {
        let values: BTreeSet<String> = values.into_iter().take(VALUES_MAX + 1).collect();
        if !(1..=VALUES_MAX).contains(&values.len()) {
            return Err(refused(
                field,
                format!("1 to {VALUES_MAX} values are expected"),
            ));
        }
        match field {
            "ref" if values.contains("*") => *self.settings.refs_mut() = Refs::All,
            "ref" => *self.settings.refs_mut() = Refs::Only(values),
            "package" => self.only.packages = values,
            "compiler" => self.only.compilers = values,
            "arch" => self.only.archs = values,
            other => return Err(TrainingError::NoSuchField(other.to_owned())),
        }
        Ok(())
    }
}

fn refused(name: &str, reason: impl Into<String>) -> TrainingError {
    TrainingError::Value {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

fn number<N: FromStr>(name: &str, value: &str) -> Result<N, TrainingError> {
    value
        .trim()
        .parse()
        .map_err(|_| refused(name, "it is not a number, or none that fits"))
}

fn within(name: &str, value: usize, most: usize) -> Result<usize, TrainingError> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    Err(refused(
        name,
        format!("it is {value}; it must be from 1 to {most}"),
    ))
}
