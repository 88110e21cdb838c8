//! Whether a run that failed is tried again.

use jiff::SignedDuration;

/// The most times that a run may be tried again.
pub const RETRIES_MAX: u32 = 10;

/// The default delay before a retry.
pub const RETRY_DELAY_SECONDS: u32 = 60;

/// The longest that a job may wait, in seconds: a day.
pub const RETRY_DELAY_SECONDS_MAX: u32 = 24 * 60 * 60;

/// How often a job is retried, and how long it waits before each attempt. The wait is the same
/// before each, so that a reader of the job knows when its last attempt starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often, at most.
    pub count: u32,
    /// The delay, from when we received the failure.
    pub delay: SignedDuration,
}

/// A run that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Attempt number of its occasion, starting at 1.
    pub number: u32,
    /// The worker's report; none when it made none, which counts as success.
    pub success: Option<bool>,
    /// Whether it was manual: the user can request another.
    pub is_manual: bool,
    /// Whether its kill was requested.
    pub was_to_be_killed: bool,
}

impl Retries {
    /// Whether another attempt follows this one.
    #[must_use]
    pub fn follow(&self, attempt: Attempt) -> bool {
        attempt.success == Some(false)
            && !attempt.is_manual
            && !attempt.was_to_be_killed
            && attempt.number <= self.count
    }
}

#[cfg(test)]
mod tests;
