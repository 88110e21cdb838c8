//! Which git refs are learnt from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Which git refs are learnt from.
///
/// Builds of pull requests can distort the history: anyone may open one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refs {
    All,
    /// These alone.
    Only(BTreeSet<String>),
}

impl Refs {
    /// Whether builds of `git_ref` are learnt from.
    #[must_use]
    pub fn take(&self, git_ref: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(refs) => refs.contains(git_ref),
        }
    }
}

impl Default for Refs {
    /// `develop` alone.
    fn default() -> Self {
        Self::Only(BTreeSet::from(["develop".to_owned()]))
    }
}
