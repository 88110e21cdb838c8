//! A run is to be killed.

use domain::kill_request::{KillRequest, KillRequestCommand, Requested};
use domain::run::{Run, RunRejection};

use super::rejection::whole;
use super::{KILL_REQUEST, RunsRejection};
use crate::{CommandError, Transaction, numbers};

/// Asks for a run to be killed, and answers the number of the request. Several may be made.
///
/// # Errors
/// When there is no such run, and as [`Transaction::execute`].
pub async fn request_kill(
    unit: &Transaction,
    run: u64,
) -> Result<u64, CommandError<RunsRejection>> {
    let known = unit.load::<Run>(&run.to_string()).await.map_err(whole)?;
    if known.facts().is_none() {
        return Err(CommandError::Rejected(RunRejection::Unknown.into()));
    }
    let number = numbers::take(unit, KILL_REQUEST).await.map_err(whole)?;
    let at = unit.now();
    let requested = KillRequestCommand::Request(Requested { number, run, at });
    let key = number.to_string();
    let asked = unit.execute::<KillRequest>(&key, requested).await;
    asked.map_err(whole)?;
    Ok(number)
}

/// Asks for a run to be killed that a worker has, and answers the number of the request. One that waits would be
/// killed as soon as it is started, which nobody means by it.
///
/// # Errors
/// When there is no such run, no worker has it or it is over; and as [`Transaction::execute`].
pub async fn kill(unit: &Transaction, run: u64) -> Result<u64, CommandError<RunsRejection>> {
    let known = unit.load::<Run>(&run.to_string()).await.map_err(whole)?;
    let checked = known.check_with_worker();
    checked.map_err(|rejection| CommandError::Rejected(rejection.into()))?;
    request_kill(unit, run).await
}
