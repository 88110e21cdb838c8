//! What happened, event by event? Not a view: it reads the log itself.

mod as_of;
mod query;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;

use domain::{DecodeFault, Event, Metadata};
use eventlog::{
    EventLog, Filter, PageLimit, Position, ReadError, Recorded, Revision, StreamName, Subscription,
    subscribe,
};

pub use as_of::{AsOf, AsOfError};
pub use query::{EventPage, EventQuery};

/// How many events are looked at once when a time is looked for.
const LOOKED_AT_ONCE: usize = 4096;

/// How many events, and bytes of them, are read at once for a reader outside.
const FOLLOWED_AT_ONCE: usize = 64;
const FOLLOWED_BYTES_MAX: usize = 64 * 1024;

/// A future behind a pointer: the body of an `async fn` would be compiled again in every crate that awaits it.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The log itself, read only.
#[derive(Clone)]
pub struct History {
    log: Arc<dyn EventLog>,
}

impl History {
    pub(crate) fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log }
    }

    /// Everything up to here is durable and can be read.
    #[must_use]
    pub fn head(&self) -> Position {
        self.log.head()
    }

    /// The event at a position; none when there is none.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn get(&self, position: Position) -> BoxFuture<'_, Result<Option<Recorded>, ReadError>> {
        Box::pin(async move {
            let Some(before) = position.0.checked_sub(1) else {
                return Ok(None);
            };
            let limit = PageLimit::events(1);
            let page = self
                .log
                .read_all(Position(before), &Filter::all(), limit)
                .await?;
            let found = page.events.into_iter().next();
            Ok(found.filter(|event| event.position == position))
        })
    }

    /// The head of the log as it was at some moment. For a time this reads the log up to it: the
    /// first event that was recorded later ends it, whatever the clock showed after that.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn head_at(&self, moment: AsOf) -> BoxFuture<'_, Result<Position, ReadError>> {
        Box::pin(async move {
            let head = self.log.head();
            let time = match moment {
                AsOf::Position(position) => return Ok(position.min(head)),
                AsOf::Timestamp(time) => time,
            };
            let mut after = Position::START;
            while after < head {
                let limit = PageLimit::events(LOOKED_AT_ONCE);
                let page = self.log.read_all(after, &Filter::all(), limit).await?;
                for event in &page.events {
                    if event.recorded_at > time {
                        return Ok(after);
                    }
                    after = event.position;
                }
                if page.end {
                    break;
                }
            }
            Ok(after)
        })
    }

    /// The events of one stream upwards from a revision; empty when nothing was ever written to it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn stream<'a>(
        &'a self,
        name: &'a StreamName,
        from: Revision,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Recorded>, ReadError>> {
        Box::pin(async move { self.log.read_stream(name, from, limit).await })
    }

    /// The same for a reader outside, of whom there are many, and who may read slowly: what waits for it is small.
    #[must_use]
    pub fn follow(&self, after: Position, filter: Filter) -> Subscription {
        let limit = PageLimit {
            bytes: FOLLOWED_BYTES_MAX,
            ..PageLimit::events(FOLLOWED_AT_ONCE)
        };
        self.subscribe(after, filter).with_limit(limit)
    }

    /// Follows the log from a position on, without a gap or a repeat.
    #[must_use]
    pub fn subscribe(&self, after: Position, filter: Filter) -> Subscription {
        subscribe(Arc::clone(&self.log), after, filter)
    }
}

/// What a recorded event means.
///
/// # Errors
/// A [`DecodeFault`] when this program cannot read it.
pub fn decode(recorded: &Recorded) -> Result<(Event, Metadata), DecodeFault> {
    let event_type = recorded.event_type.as_str();
    let event = Event::decode(event_type, recorded.version, &recorded.data)?;
    let metadata = serde_json::from_slice(&recorded.metadata).unwrap_or_default();
    Ok((event, metadata))
}
