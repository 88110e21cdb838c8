//! Runs that somebody puts into the occasion of another.

use domain::run::{Occasion, OccasionCommand, Run};
use jiff::Timestamp;

use super::RunsRejection;
use super::rejection::whole;
use crate::{CommandError, Transaction};

/// Has an occasion count on a run that is not over. On the run after which it is named as well: alone it
/// was not counted on, and would not be waited for.
pub(super) async fn join(
    unit: &Transaction,
    schedule_id: u64,
    run: u64,
    at: Timestamp,
) -> Result<(), CommandError<RunsRejection>> {
    for run in [schedule_id, run] {
        let known = unit.load::<Run>(&run.to_string()).await.map_err(whole)?;
        let counts = known
            .facts()
            .is_some_and(|facts| facts.schedule_id == schedule_id && facts.returned_at.is_none());
        if counts {
            ask(unit, schedule_id, OccasionCommand::Add { run, at }).await?;
        }
    }
    Ok(())
}

pub(super) async fn ask(
    unit: &Transaction,
    schedule_id: u64,
    command: OccasionCommand,
) -> Result<Vec<domain::run::RunEvent>, CommandError<RunsRejection>> {
    let key = Occasion::key(schedule_id);
    unit.execute::<Occasion>(&key, command).await.map_err(whole)
}
