//! How one thing stood at some time: its stream up to then, folded by the same folds as the views.

use domain::JobsEvent;
use std::sync::Arc;

use domain::builds::build::BuildKey;
use domain::{Aggregate, Event};
use eventlog::{Position, ReadError, Recorded, Revision, StreamName};
use jiff::Timestamp;
use tables::{MemoryTables, Overlay, TableError, Tables};
use thiserror::Error;

use super::History;
use crate::builds::{self, BuildRow, BuildsFold};
use crate::collections::{self, CollectionRow, CollectionsFold};
use crate::nodes::{self, NodeRow, NodesFold};
use crate::projector::{Envelope, Fold, Projection, Rows, stored};
use crate::runs::{self, KillRequestRow, RunRow, RunsFold};
use crate::tokens::{self, TokenRow, TokensFold};
use crate::usage::{self, UsageFold, UsageRow};

/// How many events are read at once.
const CHUNK: usize = 1024;

/// A moment in the past.
///
/// A time means a stream as it stood before the first of its events that was recorded later. When a clock once
/// jumped ahead this shows too little rather than something that nobody could have known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// After everything up to this position.
    Position(Position),
    /// At this time by the clock of the log.
    Timestamp(Timestamp),
}

impl AsOf {
    fn includes(self, event: &Recorded) -> bool {
        match self {
            Self::Position(position) => event.position <= position,
            Self::Timestamp(at) => event.recorded_at <= at,
        }
    }
}

/// How a build stood.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildAsOf {
    /// The build.
    pub build: BuildRow,
    /// The collection of its usage, if it was over by then.
    pub collection: Option<CollectionRow>,
}

/// Why the past cannot be told.
#[derive(Debug, Error)]
pub enum AsOfError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The rows in memory cannot be used.
    #[error(transparent)]
    Rows(#[from] TableError),
}

impl History {
    /// How a build stood; none when nothing was known of it by then.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn build_as_of(
        &self,
        key: &BuildKey,
        as_of: AsOf,
    ) -> Result<Option<BuildAsOf>, AsOfError> {
        let Ok(stream) = StreamName::new("build", &key.to_string()) else {
            return Ok(None);
        };
        let mut build = Alone::new(BuildsFold::default())?;
        let mut collection = Alone::new(CollectionsFold::default())?;
        self.tell(&stream, as_of, |recorded, event| {
            build.apply(recorded, event)?;
            collection.apply(recorded, event)
        })
        .await?;
        let Some(build) = build.row(&builds::row_key(key))? else {
            return Ok(None);
        };
        let collection = collection.row(&collections::row_key(key))?;
        Ok(Some(BuildAsOf { build, collection }))
    }

    /// How a run stood; none when it was not scheduled by then, or was replaced by others. Who wanted it killed
    /// stands elsewhere, and is not told.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn run_as_of(&self, number: u64, as_of: AsOf) -> Result<Option<RunRow>, AsOfError> {
        let mut run = Alone::new(RunsFold::default())?;
        for category in ["run", "run_log"] {
            if let Ok(stream) = StreamName::new(category, &number.to_string()) {
                self.tell(&stream, as_of, |recorded, event| run.apply(recorded, event))
                    .await?;
            }
        }
        let over = run.row(&runs::over_key(number))?;
        match over {
            Some(over) => Ok(Some(over)),
            None => Ok(run.row(&runs::open_key(number))?),
        }
    }

    /// How a wish that a run be killed stood; none when there was none by then. Of which job the run is, is not said.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn kill_request_as_of(
        &self,
        number: u64,
        as_of: AsOf,
    ) -> Result<Option<KillRequestRow>, AsOfError> {
        let mut row = None;
        if let Ok(stream) = StreamName::new("kill_request", &number.to_string()) {
            self.tell(&stream, as_of, |recorded, event| {
                if let Event::Jobs(JobsEvent::KillRequest(told)) = event {
                    let envelope = Envelope::new(recorded, event);
                    let after = KillRequestRow::after(row.as_ref(), number, told, &envelope);
                    row = after.or(row.take());
                }
                Ok(())
            })
            .await?;
        }
        Ok(row)
    }

    /// How a machine was described; none when it was not by then.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn node_as_of(&self, uuid: &str, as_of: AsOf) -> Result<Option<NodeRow>, AsOfError> {
        let stream = ("node", uuid);
        self.row_as_of(NodesFold, stream, &nodes::row_key(uuid), as_of)
            .await
    }

    /// How a token stood; none when it was not issued by then.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn token_as_of(&self, id: &str, as_of: AsOf) -> Result<Option<TokenRow>, AsOfError> {
        let stream = ("token", id);
        self.row_as_of(TokensFold, stream, &tokens::row_key(id), as_of)
            .await
    }

    /// What was known of what a build used; none when nothing was by then.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn usage_as_of(
        &self,
        key: &BuildKey,
        as_of: AsOf,
    ) -> Result<Option<UsageRow>, AsOfError> {
        let (stream, row_key) = (key.to_string(), usage::row_key(key));
        self.row_as_of(UsageFold, ("build", &stream), &row_key, as_of)
            .await
    }

    async fn row_as_of<P: Projection, T: serde::de::DeserializeOwned>(
        &self,
        fold: P,
        (category, key): (&str, &str),
        row_key: &[u8],
        as_of: AsOf,
    ) -> Result<Option<T>, AsOfError> {
        let mut alone = Alone::new(fold)?;
        if let Ok(stream) = StreamName::new(category, key) {
            self.tell(&stream, as_of, |recorded, event| {
                alone.apply(recorded, event)
            })
            .await?;
        }
        Ok(alone.row(row_key)?)
    }

    /// How any other thing stood; as it is by default when nothing was known of it by then.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn thing_as_of<A: Aggregate>(&self, key: &str, as_of: AsOf) -> Result<A, AsOfError> {
        let mut thing = A::default();
        if let Ok(stream) = StreamName::new(A::CATEGORY, key) {
            self.tell(&stream, as_of, |_, event| {
                if let Some(event) = A::event_of(event.clone()) {
                    thing.evolve(&event);
                }
                Ok(())
            })
            .await?;
        }
        Ok(thing)
    }

    /// Tells everything that happened to a stream up to then. What cannot be read is skipped here as in the
    /// views.
    async fn tell(
        &self,
        stream: &StreamName,
        as_of: AsOf,
        mut hear: impl FnMut(&Recorded, &Event) -> Result<(), TableError> + Send,
    ) -> Result<(), AsOfError> {
        let mut from = Revision::FIRST;
        loop {
            let events = self.stream(stream, from, CHUNK).await?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            from = last.revision.next();
            let is_past = events.iter().all(|event| as_of.includes(event));
            for recorded in events.iter().take_while(|event| as_of.includes(event)) {
                let event_type = recorded.event_type.as_str();
                if let Ok(event) = Event::decode(event_type, recorded.version, &recorded.data) {
                    hear(recorded, &event)?;
                }
            }
            if events.len() < CHUNK || !is_past {
                return Ok(());
            }
        }
    }
}

/// A fold with a table of its own, in memory.
struct Alone<P> {
    fold: P,
    overlay: Overlay,
}

impl<P: Projection> Alone<P> {
    fn new(fold: P) -> Result<Self, TableError> {
        let table = MemoryTables::new().open(P::NAME)?;
        let overlay = Overlay::new(Arc::clone(&table));
        Ok(Self { fold, overlay })
    }

    fn apply(&mut self, recorded: &Recorded, event: &Event) -> Result<(), TableError> {
        let mut rows = Rows::new(self.overlay.rows());
        Fold::apply(&mut self.fold, &Envelope::new(recorded, event), &mut rows);
        Fold::flush(&mut self.fold, &mut rows);
        rows.publish()
    }

    fn row<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, TableError> {
        let value = self.overlay.view().get(key)?;
        value.map(|value| stored::decode(&value)).transpose()
    }
}
