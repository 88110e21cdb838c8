//! A run is to be killed.

use domain::jobs::kill_request::{KillReason, KillRequest, KillRequestCommand, Requested};
use domain::jobs::run::{KillRequested, Run, RunCommand, RunFacts, RunRejection, TimedOut};
use jiff::Timestamp;

use super::rejection::whole;
use super::{KILL_REQUEST, RunsRejection};
use crate::{BoxFuture, CommandError, Transaction, numbers};

/// Requests the kill of a run, and returns the number of the request. There may be several.
///
/// # Errors
/// When there is no such run, and as [`Transaction::execute`].
pub fn request_kill(
    unit: &Transaction,
    run: u64,
) -> BoxFuture<'_, Result<u64, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let key = run.to_string();
        let known = unit.load::<Run>(&key).await.map_err(whole)?;
        if known.facts().is_none() {
            return Err(CommandError::Rejected(RunRejection::Unknown.into()));
        }
        let kill_request = request(unit, run, None).await?;
        let at = unit.now();
        let data = RunCommand::NoteKill(KillRequested { kill_request, at });
        unit.execute::<Run>(&key, data).await.map_err(whole)?;
        Ok(kill_request)
    })
}

/// Requests the kill of a run that exceeded its timeout since this start, and returns the number of
/// the request. Nothing happens when the run is over by now, was started again, or has a kill
/// request. The caller measures the duration: it cannot be computed from clock times.
///
/// # Errors
/// As [`Transaction::execute`].
pub fn time_out(
    unit: &Transaction,
    run: u64,
    started: Timestamp,
    limit_seconds: u32,
) -> BoxFuture<'_, Result<Option<u64>, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let key = run.to_string();
        let known = unit.load::<Run>(&key).await.map_err(whole)?;
        let since = known.facts().and_then(RunFacts::time_runs_since);
        let at = unit.now();
        if since != Some(started) {
            return Ok(None);
        }
        let kill_request = request(unit, run, Some(KillReason::TimedOut { limit_seconds })).await?;
        let data = RunCommand::TimeOut(TimedOut {
            limit_seconds,
            kill_request,
            at,
        });
        unit.execute::<Run>(&key, data).await.map_err(whole)?;
        Ok(Some(kill_request))
    })
}

async fn request(
    unit: &Transaction,
    run: u64,
    reason: Option<KillReason>,
) -> Result<u64, CommandError<RunsRejection>> {
    let number = numbers::take(unit, KILL_REQUEST).await.map_err(whole)?;
    let requested = KillRequestCommand::Request(Requested {
        number,
        run,
        reason,
        at: unit.now(),
    });
    let key = number.to_string();
    let asked = unit.execute::<KillRequest>(&key, requested).await;
    asked.map_err(whole)?;
    Ok(number)
}

/// Requests the kill of a run that a worker has claimed, and returns the number of the request. A
/// waiting run would be killed as soon as it starts, which is never intended.
///
/// # Errors
/// When there is no such run, no worker has it or it is over; and as [`Transaction::execute`].
pub fn kill(
    unit: &Transaction,
    run: u64,
) -> BoxFuture<'_, Result<u64, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let known = unit.load::<Run>(&run.to_string()).await.map_err(whole)?;
        let checked = known.check_with_worker();
        checked.map_err(|rejection| CommandError::Rejected(rejection.into()))?;
        request_kill(unit, run).await
    })
}
