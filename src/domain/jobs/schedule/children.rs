//! Which jobs run because another did.

/// How the last run of an occasion ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The worker's report; none when it made none.
    pub success: Option<bool>,
    /// Whether the run schedules children.
    pub schedule_children: bool,
    /// How many other runs of the occasion have not returned.
    pub open: u64,
    /// Whether any other run of the occasion failed.
    pub sibling_failed: bool,
}

/// A job that runs after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    pub job: u64,
    /// Whether runs of it are to be scheduled. Its template, project and pool count only when it is
    /// sent.
    pub enqueue_is_enabled: bool,
}

/// The children that run now, in the order in which they came. Each gets a run that is due now, is
/// not manual, and schedules its own children.
#[must_use]
pub fn due_children(ended: Ended, schedule_on_error: bool, children: &[Child]) -> Vec<u64> {
    let well = ended.success == Some(true) && !ended.sibling_failed;
    if !ended.schedule_children || ended.open > 0 || !(well || schedule_on_error) {
        return Vec::new();
    }
    children
        .iter()
        .filter(|child| child.enqueue_is_enabled)
        .map(|child| child.job)
        .collect()
}

#[cfg(test)]
mod tests;
