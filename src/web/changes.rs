//! Read your own writes: a change is carried out, and the answer waits until the views show it.
//!
//! A change from which nothing followed waits as well: the answer to the first request for the same
//! may have been lost before the views showed it.

use commands::{CommandError, Outcome, Transaction};
use domain::{Aggregate, Metadata};

use crate::{App, Problem};

impl App {
    /// Executes one command and waits for the views; `refuse` answers a command that fails.
    ///
    /// # Errors
    /// What `refuse` makes of it, and 503 when the views take too long.
    pub async fn execute<A: Aggregate, E: From<Problem>>(
        &self,
        metadata: &Metadata,
        key: &str,
        command: A::Command,
        refuse: impl FnOnce(CommandError<A::Rejection>) -> E,
    ) -> Result<Outcome, E> {
        let done = self.commands.execute::<A>(key, command, metadata).await;
        let outcome = done.map_err(refuse)?;
        self.wait_for_outcome(&outcome).await?;
        Ok(outcome)
    }

    /// Carries out a unit of work and waits for the views; `refuse` answers work that fails.
    ///
    /// # Errors
    /// What `refuse` makes of it, and 503 when the views take too long.
    pub async fn transact<T, R, F, E: From<Problem>>(
        &self,
        metadata: &Metadata,
        refuse: impl FnOnce(CommandError<R>) -> E,
        work: impl Fn(Transaction) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, CommandError<R>>> + Send,
    {
        let done = self.commands.transact(metadata, work).await;
        let (value, outcome) = done.map_err(refuse)?;
        self.wait_for_outcome(&outcome).await?;
        Ok(value)
    }

    async fn wait_for_outcome(&self, outcome: &Outcome) -> Result<(), Problem> {
        let head = || self.commands.head();
        self.wait_for(outcome.position().unwrap_or_else(head)).await
    }
}
