//! Load, decide, append, again on conflict.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use domain::{Aggregate, Metadata};
use eventlog::AppendError;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::Span;

use crate::commands::Inner;
use crate::ids::Ids;
use crate::unit::Unit;
use crate::{ATTEMPTS_MAX, BoxFuture, CommandError, Commands, Outcome, Transaction, backoff, load};

impl Commands {
    #[tracing::instrument(
        name = "command",
        skip_all,
        fields(stream = format_args!("{}-{key}", A::CATEGORY), attempts),
    )]
    pub(crate) async fn run_one<A: Aggregate>(
        &self,
        ids: Ids,
        key: &str,
        command: A::Command,
        metadata: &Metadata,
    ) -> Result<Outcome, CommandError<A::Rejection>> {
        let work = |unit: Transaction| {
            let command = command.clone();
            async move {
                let mut unit = unit.unit.lock().await;
                let history = A::history_for(&command);
                let first = unit.first_result::<A>(key, history).await?;
                if first.is_none() {
                    unit.execute::<A>(key, command).await?;
                }
                Ok(first)
            }
        };
        let done = self.attempt(ids, metadata, work).await;
        let done = done.map(|(first, outcome)| ((), first.unwrap_or(outcome)));
        self.count(done).map(|((), outcome)| outcome)
    }

    /// A unit of work.
    #[tracing::instrument(name = "unit", skip_all, fields(attempts))]
    pub(crate) async fn run<T, R, F>(
        &self,
        metadata: &Metadata,
        work: impl Fn(Transaction) -> F,
    ) -> Result<(T, Outcome), CommandError<R>>
    where
        F: Future<Output = Result<T, CommandError<R>>> + Send,
    {
        self.attempt(Ids::Random, metadata, work).await
    }

    /// A unit of work that is done once, however often it is repeated.
    #[tracing::instrument(name = "unit", skip_all, fields(attempts))]
    pub(crate) async fn run_once<T, R, F>(
        &self,
        ids: Ids,
        metadata: &Metadata,
        work: impl Fn(Transaction) -> F,
    ) -> Result<(Option<T>, Outcome), CommandError<R>>
    where
        F: Future<Output = Result<T, CommandError<R>>> + Send,
    {
        if let Some(first) = self.first_result(ids).await? {
            return Ok((None, first));
        }
        let done = self.attempt(ids, metadata, work).await;
        match done {
            Ok((value, outcome)) if !outcome.repeated && !outcome.is_empty() => {
                Ok((Some(value), outcome))
            }
            // The batch was sent: it may still become durable after a read that does not find it.
            Err(error @ CommandError::Unknown { .. }) => Err(error),
            // Two callers gave the same command at once, and the other one was first. What this one
            // decided after that, or was refused, has no meaning.
            done => match self.first_result(ids).await? {
                Some(first) => Ok((None, first)),
                None => done.map(|(value, outcome)| (Some(value), outcome)),
            },
        }
    }

    async fn first_result<R>(&self, ids: Ids) -> Result<Option<Outcome>, CommandError<R>> {
        let found = load::first_result(&*self.inner.log, ids).await;
        found.map_err(CommandError::of_machinery)
    }

    /// Does the work until nothing it decided about has moved meanwhile.
    async fn attempt<T, R, F>(
        &self,
        ids: Ids,
        metadata: &Metadata,
        work: impl Fn(Transaction) -> F,
    ) -> Result<(T, Outcome), CommandError<R>>
    where
        F: Future<Output = Result<T, CommandError<R>>> + Send,
    {
        let mut attempts = Attempts::new(self, ids, metadata);
        loop {
            let value = work(attempts.next_unit()).await?;
            let outcome = attempts.commit().await;
            if let Some(outcome) = outcome.map_err(CommandError::of_machinery)? {
                return Ok((value, outcome));
            }
        }
    }

    pub(crate) fn count<T, R>(
        &self,
        done: Result<(T, Outcome), CommandError<R>>,
    ) -> Result<(T, Outcome), CommandError<R>> {
        let counters = &self.inner.counters;
        counters.commands.add(1);
        match &done {
            Ok((_, outcome)) if outcome.repeated => counters.repeated.add(1),
            Ok((_, outcome)) if outcome.is_empty() => counters.unchanged.add(1),
            Ok((_, outcome)) => counters.events.add(outcome.events.len() as u64),
            Err(CommandError::Rejected(_)) => counters.rejected.add(1),
            Err(_) => counters.failed.add(1),
        }
        done
    }
}

/// The attempts at one unit of work. It knows no type of the work, so it is compiled once.
struct Attempts {
    inner: Arc<Inner>,
    ids: Ids,
    metadata: Bytes,
    /// The number of the last attempt, from 1.
    attempt: u32,
    unit: Arc<Mutex<Unit>>,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Attempts {
    fn new(commands: &Commands, ids: Ids, metadata: &Metadata) -> Self {
        let inner = Arc::clone(&commands.inner);
        inner.activity.note(metadata);
        let metadata = serde_json::to_vec(metadata).expect("metadata has string keys alone");
        let metadata = Bytes::from(metadata);
        let unit = Unit::new(Arc::clone(&inner), metadata.clone(), ids);
        Self {
            inner,
            ids,
            metadata,
            attempt: 0,
            unit: Arc::new(Mutex::new(unit)),
            turn: None,
        }
    }

    /// The unit of the next attempt.
    fn next_unit(&mut self) -> Transaction {
        self.attempt += 1;
        Span::current().record("attempts", self.attempt);
        if self.attempt > 1 {
            let unit = Unit::new(Arc::clone(&self.inner), self.metadata.clone(), self.ids);
            self.unit = Arc::new(Mutex::new(unit));
        }
        Transaction {
            unit: Arc::clone(&self.unit),
            clock: self.inner.clock.clone(),
        }
    }

    /// Appends what the unit decided. `None` after a conflict: then it is the turn of another attempt.
    fn commit(&mut self) -> BoxFuture<'_, Result<Option<Outcome>, CommandError<Infallible>>> {
        Box::pin(async move {
            let committed = self.unit.lock().await.commit().await;
            let stream = match committed {
                Ok(outcome) => return Ok(Some(outcome)),
                Err(AppendError::Conflict { stream, .. }) => stream,
                // Never again from here: with new ids it could happen twice.
                Err(AppendError::Unknown { reason }) => {
                    let repeatable = matches!(self.ids, Ids::From(_));
                    return Err(CommandError::Unknown { reason, repeatable });
                }
                Err(error) => return Err(error.into()),
            };
            self.inner.counters.conflicts.add(1);
            // A turn is given back before the next is waited for; see `Locks`.
            drop(self.turn.take());
            let attempt = self.attempt;
            if attempt == ATTEMPTS_MAX {
                tracing::warn!(%stream, attempts = attempt, "gave up on `{stream}` after {attempt} conflicts");
                return Err(CommandError::Contended);
            }
            // The first conflict is mostly with a writer of this process, whom the turn waits out.
            if attempt > 1 {
                tokio::time::sleep(backoff::wait_before(attempt)).await;
            }
            self.turn = Some(self.inner.contended.lock(stream.as_str()).await);
            Ok(None)
        })
    }
}

#[cfg(test)]
mod tests;
