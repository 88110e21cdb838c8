//! Integer ids: gapless, each given out once, in the same append as the event that uses it.

use domain::core::numbers::{Numbers, NumbersCommand, NumbersEvent, NumbersRejection};

use crate::{CommandError, Transaction};

/// The next number of this kind, from 1. It is taken when the unit ends, and not at all when it
/// fails, so there are no gaps.
///
/// Numbers of one kind are given out one unit at a time: within this process the units wait for
/// each other here.
///
/// # Errors
/// When the counter cannot be read, or the numbers are used up.
pub async fn take(unit: &Transaction, kind: &str) -> Result<u64, CommandError<NumbersRejection>> {
    take_many(unit, kind, 1).await
}

/// As [`take`], for several in a row; answers the first of them. None may be taken.
///
/// # Errors
/// As [`take`], and when more than [`Numbers::TAKE_MAX`] are requested.
pub async fn take_many(
    unit: &Transaction,
    kind: &str,
    count: u64,
) -> Result<u64, CommandError<NumbersRejection>> {
    unit.unit.lock().await.take_turn(kind).await;
    let at = unit.now();
    let events = unit
        .execute::<Numbers>(kind, NumbersCommand::Take { count, at })
        .await?;
    match events.first() {
        Some(NumbersEvent::Taken(taken)) => Ok(taken.first),
        None => unit
            .load::<Numbers>(kind)
            .await
            .map(|counter| counter.next()),
    }
}

#[cfg(test)]
mod tests;
