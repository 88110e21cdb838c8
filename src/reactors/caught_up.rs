//! Waits until the views of workers and runs are at the head: what decides from older rows decides
//! twice.

use std::time::Duration;

use commands::Commands;
use projections::{RosterView, Runs, Views};

/// Waits until the views of workers and runs know everything that is in the log by now.
pub(crate) async fn caught_up(
    commands: &Commands,
    views: &Views,
    within: Duration,
) -> Result<(), String> {
    let head = commands.head();
    let reached = views.wait_for::<(RosterView, Runs)>(head, within).await;
    reached.map_err(|behind| behind.to_string())
}
