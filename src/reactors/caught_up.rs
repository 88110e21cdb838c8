//! Waits until the views of the farm know what is in the log: who decides from less decides twice.

use std::time::Duration;

use commands::Commands;
use projections::Views;

/// Waits until all that is in the log by now is known to workers' and runs' views.
pub(crate) async fn caught_up(
    commands: &Commands,
    views: &Views,
    within: Duration,
) -> Result<(), String> {
    let head = commands.head();
    for view in ["roster", "runs"] {
        let there = views.wait_for_view(view, head, within).await;
        there.map_err(|behind| behind.to_string())?;
    }
    Ok(())
}
