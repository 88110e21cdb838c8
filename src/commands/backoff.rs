//! How long to wait before deciding again.

use std::time::Duration;

use uuid::Uuid;

/// The longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_millis(64);

/// A random wait before attempt `attempt` (from 2), of at most 1, 2, 4, … ms: commands that
/// conflicted once would conflict again if all waited for the same time.
pub(crate) fn wait_before(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(2).min(16);
    let longest = Duration::from_millis(1 << doublings).min(WAIT_MAX);
    let longest = longest.as_nanos() as u64;
    // The last 62 bits of such an id are random.
    Duration::from_nanos(Uuid::now_v7().as_u128() as u64 % (longest + 1))
}

#[cfg(test)]
mod tests;
