//! What a run printed.

use domain::LongText;
use domain::jobs::run::{Run, RunRejection};
use domain::jobs::run_log::{RunLog, RunLogCommand, Written};

use super::rejection::whole;
use super::{RUN_LOG, RunsRejection};
use crate::{BoxFuture, CommandError, Transaction, numbers};

/// Writes what a run printed, and answers the number of the log. Where there is a log already it is
/// replaced, and keeps its number.
///
/// # Errors
/// When there is no such run, or the text is to be stored elsewhere first; and as
/// [`Transaction::execute`].
pub fn write_log(
    unit: &Transaction,
    run: u64,
    content: Option<LongText>,
) -> BoxFuture<'_, Result<u64, CommandError<RunsRejection>>> {
    Box::pin(async move {
        let key = run.to_string();
        let known = unit.load::<Run>(&key).await.map_err(whole)?;
        if known.facts().is_none() {
            return Err(CommandError::Rejected(RunRejection::Unknown.into()));
        }
        let log = unit.load::<RunLog>(&key).await.map_err(whole)?;
        let number = match log.number() {
            Some(number) => number,
            None => numbers::take(unit, RUN_LOG).await.map_err(whole)?,
        };
        let at = unit.now();
        let written = RunLogCommand::Write(Written {
            number,
            run,
            content,
            at,
        });
        let data = unit.execute::<RunLog>(&key, written).await;
        data.map_err(whole)?;
        Ok(number)
    })
}

/// Replaces what a run printed.
///
/// # Errors
/// When it has no log, or the text is to be stored elsewhere first; and as
/// [`Transaction::execute`].
pub fn replace_log(
    unit: &Transaction,
    run: u64,
    content: Option<LongText>,
) -> BoxFuture<'_, Result<(), CommandError<RunsRejection>>> {
    Box::pin(async move {
        let at = unit.now();
        let replaced = RunLogCommand::Replace { content, at };
        let data = unit.execute::<RunLog>(&run.to_string(), replaced).await;
        data.map_err(whole)?;
        Ok(())
    })
}
