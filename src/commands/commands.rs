//! Load, decide, append, again on conflict.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Aggregate, Metadata};
use eventlog::{AppendError, EventLog, Position, Revision, StreamName};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::ids::Ids;
use crate::locks::Locks;
use crate::stats::Counters;
use crate::transaction::Transaction;
use crate::unit::Unit;
use crate::{ATTEMPTS_MAX, Clock, CommandError, CommandStats, Outcome, backoff, load};

/// The write side of the house. Cloning is cheap, and clones are the same.
#[derive(Clone)]
pub struct Commands {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Clock,
    pub(crate) numbers: Locks,
    contended: Locks,
    counters: Counters,
}

/// A thing as its stream tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<A> {
    /// What its decisions rest on.
    pub state: A,
    /// Where its stream stands; `None` when nothing was ever written to it.
    pub revision: Option<Revision>,
}

impl Commands {
    /// Commands that change this log and take the time from this clock.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Clock) -> Self {
        let inner = Inner {
            log,
            clock,
            numbers: Locks::new(),
            contended: Locks::new(),
            counters: Counters::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The clock of the house.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The last position that is durable.
    #[must_use]
    pub fn head(&self) -> Position {
        self.inner.log.head()
    }

    /// Why nothing can be changed now, if so.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        self.inner.log.stopped()
    }

    /// What happened to commands so far.
    #[must_use]
    pub fn stats(&self) -> CommandStats {
        self.inner.counters.read()
    }

    /// Where the event with this id stands, if there is one.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn find<R>(&self, id: Uuid) -> Result<Option<Position>, CommandError<R>> {
        Ok(self.inner.log.find(id).await?)
    }

    /// A thing as it stands now.
    ///
    /// # Errors
    /// When the key is none, or the stream cannot be read.
    pub async fn load<A: Aggregate>(
        &self,
        key: &str,
    ) -> Result<Loaded<A>, CommandError<A::Rejection>> {
        let stream = StreamName::new(A::CATEGORY, key)?;
        let folded = load::fold::<A>(&*self.inner.log, &stream, A::HISTORY, |_, _| ()).await?;
        Ok(Loaded {
            state: folded.state,
            revision: folded.revision,
        })
    }

    /// Carries out one command for one thing. What follows is durable when this returns.
    ///
    /// # Errors
    /// A [`CommandError`]; after it nothing of the command is in the log.
    pub async fn execute<A: Aggregate>(
        &self,
        key: &str,
        command: A::Command,
        metadata: &Metadata,
    ) -> Result<Outcome, CommandError<A::Rejection>> {
        self.run_one::<A>(Ids::Random, key, command, metadata).await
    }

    /// As [`Commands::execute`], for a command that somebody may repeat: the first event gets this id
    /// (see [`crate::event_id`]), the others follow from it. A repeat is answered with the first result,
    /// whatever has happened since.
    ///
    /// # Errors
    /// As [`Commands::execute`], and [`CommandError::IdReused`] when the id belongs to something else.
    pub async fn execute_as<A: Aggregate>(
        &self,
        id: Uuid,
        key: &str,
        command: A::Command,
        metadata: &Metadata,
    ) -> Result<Outcome, CommandError<A::Rejection>> {
        self.run_one::<A>(Ids::From(id), key, command, metadata)
            .await
    }

    /// Carries out a unit of work: what it decides, about one thing or several, is one append, and when
    /// one of them has moved meanwhile, the whole unit starts again. The work therefore changes nothing
    /// but the unit.
    ///
    /// ```ignore
    /// let key = &key; // what the work needs is borrowed, for it may be done more than once
    /// let (number, outcome) = commands.transact(&metadata, |unit| async move {
    ///     let number = numbers::take(&unit, "run").await?;
    ///     unit.execute::<Run>(key, RunCommand::Request { number, .. }).await?;
    ///     Ok(number)
    /// }).await?;
    /// ```
    ///
    /// # Errors
    /// As [`Commands::execute`], and whatever the work refuses.
    pub async fn transact<T, R, F: Future<Output = Result<T, CommandError<R>>> + Send>(
        &self,
        metadata: &Metadata,
        work: impl Fn(Transaction) -> F,
    ) -> Result<(T, Outcome), CommandError<R>> {
        let done = self.run(Ids::Random, metadata, work).await;
        self.count(done)
    }

    /// As [`Commands::transact`], for work that somebody may repeat. A repeat is answered with the first
    /// result, and the work is not done again: then there is no value.
    ///
    /// # Errors
    /// As [`Commands::transact`], and [`CommandError::IdReused`] when the id belongs to something else.
    pub async fn transact_as<T, R, F: Future<Output = Result<T, CommandError<R>>> + Send>(
        &self,
        id: Uuid,
        metadata: &Metadata,
        work: impl Fn(Transaction) -> F,
    ) -> Result<(Option<T>, Outcome), CommandError<R>> {
        let ids = Ids::From(id);
        let done = match load::first_result(&*self.inner.log, ids).await {
            Ok(Some(outcome)) => Ok((None, outcome)),
            Ok(None) => self
                .run(ids, metadata, work)
                .await
                .map(|(value, outcome)| (Some(value), outcome)),
            Err(error) => Err(error),
        };
        self.count(done)
    }

    #[tracing::instrument(name = "command", skip_all, fields(category = A::CATEGORY, key, attempts))]
    async fn run_one<A: Aggregate>(
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
        let done = self.run(ids, metadata, work).await;
        let done = done.map(|(first, outcome)| ((), first.unwrap_or(outcome)));
        self.count(done).map(|((), outcome)| outcome)
    }

    /// Does the work until nothing it looked at has moved meanwhile.
    async fn run<T, R, F: Future<Output = Result<T, CommandError<R>>> + Send>(
        &self,
        ids: Ids,
        metadata: &Metadata,
        work: impl Fn(Transaction) -> F,
    ) -> Result<(T, Outcome), CommandError<R>> {
        let metadata = serde_json::to_vec(metadata).expect("metadata has string keys alone");
        let metadata = Bytes::from(metadata);
        let mut turn = None;
        for attempt in 1..=ATTEMPTS_MAX {
            tracing::Span::current().record("attempts", attempt);
            let unit = Unit::new(Arc::clone(&self.inner), metadata.clone(), ids);
            let unit = Arc::new(Mutex::new(unit));
            let value = work(Transaction {
                unit: Arc::clone(&unit),
                clock: self.inner.clock.clone(),
            })
            .await?;
            let stream = match unit.lock().await.commit().await {
                Ok(outcome) => return Ok((value, outcome)),
                Err(AppendError::Conflict { stream, .. }) => stream,
                Err(error) => return Err(error.into()),
            };
            self.inner.counters.conflicts.add(1);
            // A turn is given back before the next is waited for; see `Locks`.
            drop(turn.take());
            // The first conflict is mostly with a writer of this process, whom the turn waits out.
            if attempt > 1 {
                tokio::time::sleep(backoff::wait_before(attempt)).await;
            }
            turn = Some(self.inner.contended.lock(stream.as_str()).await);
        }
        tracing::warn!(
            attempts = ATTEMPTS_MAX,
            "gave up after {ATTEMPTS_MAX} conflicts"
        );
        Err(CommandError::Contended)
    }

    fn count<T, R>(
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

#[cfg(test)]
mod tests;
