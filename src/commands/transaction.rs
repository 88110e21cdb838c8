//! Several things that follow from one request.

use std::sync::Arc;

use domain::Aggregate;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::unit::Unit;
use crate::{Clock, CommandError};

/// A unit of work: commands for several things, of which all or none happen, in one append.
///
/// Each command sees what the ones before it in the same unit have decided. Nothing is in the log
/// before the unit ends, and nothing ever is when it ends with an error.
pub struct Transaction {
    pub(crate) unit: Arc<Mutex<Unit>>,
    pub(crate) clock: Clock,
}

impl Transaction {
    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The current state, including what this unit has decided so far.
    ///
    /// Looking alone is no promise that it stays so until the append; a command that adds something
    /// is.
    ///
    /// # Errors
    /// When the key is none, or the stream cannot be read.
    pub async fn load<A: Aggregate>(&self, key: &str) -> Result<A, CommandError<A::Rejection>> {
        self.unit.lock().await.load::<A>(key).await
    }

    /// Decides about one thing. Answers the events that follow, which happen when the unit ends.
    ///
    /// # Errors
    /// When the domain rejects it, the key is invalid, or the stream cannot be read.
    pub async fn execute<A: Aggregate>(
        &self,
        key: &str,
        command: A::Command,
    ) -> Result<Vec<A::Event>, CommandError<A::Rejection>> {
        self.unit.lock().await.execute::<A>(key, command).await
    }
}

#[cfg(test)]
mod tests;
