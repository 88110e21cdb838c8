//! Which jobs come after which.

use std::collections::BTreeSet;

/// Whether a job would follow itself, and so run for ever, if it followed `parent`. The ancestors
/// are looked up one by one.
#[must_use]
pub fn would_come_after_itself(
    job: u64,
    parent: u64,
    parent_of: impl Fn(u64) -> Option<u64>,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut ancestor = Some(parent);
    while let Some(known) = ancestor {
        if known == job {
            return true;
        }
        // A circle of others is not of this job's making, and no reason to walk for ever.
        if !seen.insert(known) {
            return false;
        }
        ancestor = parent_of(known);
    }
    false
}

#[cfg(test)]
mod tests;
