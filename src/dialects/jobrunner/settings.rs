//! The configuration of this dialect.

use jiff::tz::TimeZone;

/// The default limit of a body in bytes. A log has up to 800 kB, and JSON can make six bytes of
/// one.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What an operator chose for this dialect.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose clock dates without an offset mean.
    pub time_zone: TimeZone,
    /// Whether a worker's key is enough to create and change jobs, as it was for the old server.
    pub job_writes_by_workers: bool,
    /// Bytes of a body. It is the dialect's own limit: whatever the app takes elsewhere, logs must
    /// fit.
    pub body_bytes_max: usize,
}

impl Default for Settings {
    /// The defaults of the old server.
    fn default() -> Self {
        Self {
            // Without a database of time zones there is no other that could be meant.
            time_zone: TimeZone::get("Europe/Amsterdam").unwrap_or(TimeZone::UTC),
            job_writes_by_workers: true,
            body_bytes_max: BODY_BYTES_MAX,
        }
    }
}
