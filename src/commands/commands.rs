//! The interface of the write side.

use std::convert::Infallible;
use std::sync::Arc;

use domain::{Aggregate, Metadata};
use eventlog::{Description, EventLog, Position, Revision, StreamName};
use uuid::Uuid;

use crate::activity::Activity;
use crate::ids::Ids;
use crate::load::{self, Part};
use crate::locks::Locks;
use crate::stats::Counters;
use crate::{Clock, CommandError, CommandStats, Outcome, Transaction};

/// The write side of the app. Cloning is cheap, and clones are the same.
#[derive(Clone)]
pub struct Commands {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Clock,
    /// Turns to take numbers of a kind.
    pub(crate) numbers: Locks,
    /// Turns to change a stream, for those who were too late once.
    pub(crate) contended: Locks,
    pub(crate) counters: Counters,
    pub(crate) activity: Activity,
}

/// An aggregate, folded from its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<A> {
    /// What its decisions rest on.
    pub state: A,
    /// The last revision of its stream; `None` for a stream without events.
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
            activity: Activity::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The clock of the app.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The last position that is durable.
    #[must_use]
    pub fn head(&self) -> Position {
        self.inner.log.head()
    }

    /// Which log this is and how it is kept, for operators.
    #[must_use]
    pub fn describe_log(&self) -> Description {
        self.inner.log.describe()
    }

    /// The answer to every command while nothing can be changed. It may turn back to `None`: check
    /// each time.
    #[must_use]
    pub fn stopped(&self) -> Option<CommandError<Infallible>> {
        self.inner.log.stopped().map(CommandError::from)
    }

    /// What happened to commands so far.
    #[must_use]
    pub fn stats(&self) -> CommandStats {
        self.inner.counters.read()
    }

    /// How many commands a worker has given since the start of the process, refused ones included:
    /// when the number has grown, the worker was alive in between.
    #[must_use]
    pub fn commands_of_worker(&self, worker: u64) -> u64 {
        self.inner.activity.of(worker)
    }

    /// Position of the event with this id, if there is one.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn find(&self, id: Uuid) -> Result<Option<Position>, CommandError<Infallible>> {
        Ok(self.inner.log.find(id).await?)
    }

    /// The current state of an aggregate.
    ///
    /// # Errors
    /// When the key is none, or the stream cannot be read.
    pub async fn load<A: Aggregate>(
        &self,
        key: &str,
    ) -> Result<Loaded<A>, CommandError<A::Rejection>> {
        let stream = StreamName::new(A::CATEGORY, key)?;
        let part = Part {
            stream: &stream,
            category: A::CATEGORY,
            history: A::HISTORY,
        };
        let mut state = A::default();
        let folded = load::fold(&*self.inner.log, part, &mut state, &mut |_, _| ()).await;
        let revision = folded.map_err(CommandError::of_machinery)?;
        Ok(Loaded { state, revision })
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

    /// As [`Commands::execute`], for a command that the caller may repeat: the first event gets
    /// this id (see [`crate::event_id`]), the others follow from it. A repeat is answered with the
    /// first result, whatever has happened since.
    ///
    /// # Errors
    /// As [`Commands::execute`], and [`CommandError::IdReused`] when the id belongs to something
    /// else.
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

    /// Carries out a unit of work: what it decides, about one thing or several, is one append, and
    /// when one of them has moved meanwhile, the whole unit starts again. The work therefore
    /// changes nothing but the unit.
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
    pub async fn transact<T, R, F>(
        &self,
        metadata: &Metadata,
        work: impl Fn(Transaction) -> F,
    ) -> Result<(T, Outcome), CommandError<R>>
    where
        F: Future<Output = Result<T, CommandError<R>>> + Send,
    {
        let done = self.run(metadata, work).await;
        self.count(done)
    }

    /// As [`Commands::transact`], for work that the caller may repeat. A repeat is answered with
    /// the first result, and the work is not done again: then there is no value.
    ///
    /// # Errors
    /// As [`Commands::transact`], and [`CommandError::IdReused`] when the id belongs to something
    /// else.
    pub async fn transact_as<T, R, F>(
        &self,
        id: Uuid,
        metadata: &Metadata,
        work: impl Fn(Transaction) -> F,
    ) -> Result<(Option<T>, Outcome), CommandError<R>>
    where
        F: Future<Output = Result<T, CommandError<R>>> + Send,
    {
        let done = self.run_once(Ids::From(id), metadata, work).await;
        self.count(done)
    }
}

#[cfg(test)]
mod tests;
