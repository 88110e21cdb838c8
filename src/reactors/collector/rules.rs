//! Whose usage is of interest at all. Pure.

use domain::builds::build::SkipReason;
use regex::Regex;

use super::Facts;
use crate::ConfigError;
use crate::outside::clipped;
use crate::usage::DETAIL_CHARS_MAX;

/// The builds that are left out without any query.
#[derive(Clone, Debug)]
pub struct Rules {
    stage: Regex,
    runner_prefixes: Vec<String>,
}

/// The result of the rules for a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// What it used is of interest.
    Succeeded,
    /// It failed, and whether memory was why is of interest.
    Failed,
    LeftOut {
        reason: SkipReason,
        /// What exactly was found.
        detail: String,
    },
}

impl Rules {
    /// Takes the expression for stages that build packages, and how runners begin that are not
    /// measured.
    ///
    /// # Errors
    /// When the expression is none.
    pub fn new(stage: &str, runner_prefixes: &[String]) -> Result<Self, ConfigError> {
        let stage = Regex::new(stage).map_err(|error| ConfigError {
            what: "the expression for stages",
            reason: error.to_string(),
        })?;
        // An empty prefix would match every description.
        let meant = runner_prefixes.iter().filter(|prefix| !prefix.is_empty());
        Ok(Self {
            stage,
            runner_prefixes: meant.cloned().collect(),
        })
    }

    /// Judges a build by its status, then its stage, then its runner.
    ///
    /// A failed build that would be left out for its stage or runner as well is simply not
    /// successful: of memory it is not checked then.
    #[must_use]
    pub fn judge(&self, facts: &Facts) -> Judged {
        let elsewhere = self.elsewhere(facts);
        let (reason, detail) = match (facts.status.as_str(), elsewhere) {
            ("success", None) => return Judged::Succeeded,
            ("failed", None) => return Judged::Failed,
            ("success", Some(found)) => found,
            (status, _) => (SkipReason::NotSuccessful, format!("it ended as {status}")),
        };
        let detail = clipped(&detail, DETAIL_CHARS_MAX);
        Judged::LeftOut { reason, detail }
    }

    fn elsewhere(&self, facts: &Facts) -> Option<(SkipReason, String)> {
        if !self.stage.is_match(&facts.stage) {
            return Some((SkipReason::Stage, format!("its stage is {}", facts.stage)));
        }
        let Some(runner) = &facts.runner else {
            return Some((SkipReason::NoRunner, "no runner picked it up".to_owned()));
        };
        let mut prefixes = self.runner_prefixes.iter();
        let prefix = prefixes.find(|prefix| runner.trim().starts_with(*prefix))?;
        let detail = format!("its runner, {runner}, begins with {prefix}");
        Some((SkipReason::RunnerPrefix, detail))
    }
}

#[cfg(test)]
mod tests;
