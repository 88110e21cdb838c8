//! How often a job has failed in a row.

/// What a run that returned makes of the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailCount {
    /// How many of the job's runs failed in a row.
    pub fails: u32,
    /// Whether the job is to be disabled.
    pub disable: bool,
}

/// Counts a run that returned. Saying nothing counts as success. With a limit of 3 it is the fourth
/// failure in a row that disables; a limit of 0 is none.
#[must_use]
pub fn count_fails(fails: u32, success: Option<bool>, limit: Option<u32>) -> FailCount {
    if success != Some(false) {
        return FailCount {
            fails: 0,
            disable: false,
        };
    }
    let fails = fails.saturating_add(1);
    FailCount {
        fails,
        disable: limit.is_some_and(|limit| limit > 0 && fails > limit),
    }
}

#[cfg(test)]
mod tests;
