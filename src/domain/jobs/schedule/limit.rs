//! How long a run may take.

/// The longest time that a job may give its runs, in seconds: thirty days.
pub const RUN_TIMEOUT_SECONDS_MAX: u32 = 30 * 24 * 60 * 60;
