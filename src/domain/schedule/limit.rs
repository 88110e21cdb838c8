//! How long a run may take.

use jiff::{SignedDuration, Timestamp};

/// The longest time that a job may give its runs, in seconds: thirty days.
pub const RUN_TIMEOUT_SECONDS_MAX: u32 = 30 * 24 * 60 * 60;

/// When a run has had its time that began then.
#[must_use]
pub fn time_is_up_at(begun: Timestamp, limit_seconds: u32) -> Timestamp {
    let limit = SignedDuration::from_secs(i64::from(limit_seconds));
    begun.checked_add(limit).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
