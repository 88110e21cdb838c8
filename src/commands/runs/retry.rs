//! A run that failed is tried again.

use domain::jobs::run::{OccasionCommand, Origin, Retried, Run, RunCommand, RunFacts, Scheduled};
use domain::jobs::schedule::{Attempt, Retries};
use jiff::Timestamp;

use super::rejection::whole;
use super::{RUN, RunsRejection, occasion, schedule};
use crate::{CommandError, Transaction, numbers};

/// Puts another run in the place of one that failed: of the same occasion, and for the same worker
/// where only that one may execute it. Nothing else follows from the failure.
pub(super) async fn again(
    unit: &Transaction,
    (run, facts, known): (u64, &RunFacts, &Run),
    (failed, retries): (Attempt, Retries),
    at: Timestamp,
) -> Result<(), CommandError<RunsRejection>> {
    let by = numbers::take(unit, RUN).await.map_err(whole)?;
    let attempt = failed.number.saturating_add(1);
    let scheduled = Scheduled {
        number: by,
        job: facts.job,
        schedule_id: facts.schedule_id,
        schedule_at: at.checked_add(retries.delay).unwrap_or(at),
        worker: known.only_worker(),
        is_manual: false,
        schedule_children: facts.schedule_children,
        origin: Origin::Retry { run, attempt },
        at,
    };
    schedule::tell(unit, scheduled).await?;
    let data = RunCommand::Retry(Retried { by, attempt, at });
    let key = run.to_string();
    unit.execute::<Run>(&key, data).await.map_err(whole)?;
    let instead = OccasionCommand::Replace { run, by, at };
    occasion::ask(unit, facts.schedule_id, instead).await?;
    Ok(())
}
