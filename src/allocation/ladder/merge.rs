//! Shards that learnt different packages become one.

use super::{Jobs, Ladder};

/// Why two ladders cannot become one. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// They learnt in different ways.
    #[error("the shards were learnt with different settings")]
    OtherSettings,
    /// Both know a package, so that neither knows in which order its builds came.
    #[error("both shards have learnt the same package")]
    SamePackage,
}

impl Ladder {
    /// Adds what another shard has learnt of other packages.
    ///
    /// The result is what one ladder would have learnt from both histories, as long as neither had
    /// to forget. Every key starts with the package, so nodes never meet, and everything else is
    /// counts.
    ///
    /// # Errors
    /// When the shards share packages, or learnt with different settings.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if self.learning != other.learning {
            return Err(MergeError::OtherSettings);
        }
        let same_package = other
            .packages
            .keys()
            .any(|it| self.packages.contains_key(it));
        if same_package || other.nodes.keys().any(|it| self.nodes.contains_key(it)) {
            return Err(MergeError::SamePackage);
        }
        self.nodes.extend(&other.nodes);
        self.packages.extend(other.packages.clone());
        self.shared.merge(&other.shared);
        self.cold.merge(&other.cold);
        self.jobs = Jobs {
            count: self.jobs.count + other.jobs.count,
            byte_milliseconds: self
                .jobs
                .byte_milliseconds
                .saturating_add(other.jobs.byte_milliseconds),
        };
        self.learnt_to = self.learnt_to.max(other.learnt_to);
        self.forget();
        Ok(())
    }
}
