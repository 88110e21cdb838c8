//! One row or aggregate as of some moment: its streams up to then, folded by the same folds as the views.

use domain::{Aggregate, Event};
use eventlog::{Position, ReadError, Recorded, Revision, StreamName};
use jiff::Timestamp;
use tables::TableError;
use thiserror::Error;

use super::{BoxFuture, History};
use crate::engine::envelope::Envelope;
use crate::engine::view_reader::{Alone, RowAsOf};

/// How many events are read at once.
const CHUNK: usize = 1024;

/// A moment in the past.
///
/// A time means a stream as it stood before the first of its events that was recorded later. When a
/// clock once jumped ahead this shows too little rather than later events.
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

/// Why a past state cannot be read.
#[derive(Debug, Error)]
pub enum AsOfError {
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The rows in memory cannot be used.
    #[error(transparent)]
    Rows(#[from] TableError),
}

impl History {
    /// A row of a view as of then: `history.row_as_of::<Builds>(&key, as_of)`; none when there was no such row.
    ///
    /// Only the streams of the row are folded: what a view joins from elsewhere (the job of a kill request) is
    /// left out.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn row_as_of<V: RowAsOf>(
        &self,
        key: &V::Key,
        as_of: AsOf,
    ) -> Result<Option<V::Row>, AsOfError> {
        let mut alone = Alone::<V::Fold>::new()?;
        for stream in V::streams(key) {
            let mut apply =
                |recorded: &Recorded, event: &Event| alone.apply(&Envelope::new(recorded, event));
            self.replay(&stream, as_of, &mut apply).await?;
        }
        Ok(alone.view::<V>().row(key)?)
    }

    /// An aggregate as of then; its default when nothing was known of it by then.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn aggregate_as_of<A: Aggregate>(
        &self,
        key: &str,
        as_of: AsOf,
    ) -> Result<A, AsOfError> {
        let mut aggregate = A::default();
        if let Ok(stream) = StreamName::new(A::CATEGORY, key) {
            let mut apply = |_: &Recorded, event: &Event| {
                if let Some(event) = A::event_of(event.clone()) {
                    aggregate.evolve(&event);
                }
                Ok(())
            };
            self.replay(&stream, as_of, &mut apply).await?;
        }
        Ok(aggregate)
    }

    /// Applies every event of a stream up to then. What cannot be decoded is skipped here as in the views.
    fn replay<'a>(
        &'a self,
        stream: &'a StreamName,
        as_of: AsOf,
        apply: &'a mut (dyn FnMut(&Recorded, &Event) -> Result<(), TableError> + Send),
    ) -> BoxFuture<'a, Result<(), AsOfError>> {
        Box::pin(async move {
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
                        apply(recorded, &event)?;
                    }
                }
                if events.len() < CHUNK || !is_past {
                    return Ok(());
                }
            }
        })
    }
}
