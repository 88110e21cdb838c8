//! Pages of events by who, when and what.

use domain::Metadata;
use eventlog::{Filter, Page, PageLimit, Position, ReadError, Recorded, Revision, StreamName};
use jiff::Timestamp;

use super::History;

/// The most events that one page may look at.
const EXAMINED_MAX: usize = 100_000;

/// How many events are read at once when something is asked that the log itself does not know.
const CHUNK: usize = 1024;

/// Which events, in which order; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Categories and types.
    pub filter: Filter,
    /// One stream alone.
    pub stream: Option<StreamName>,
    /// The id of who did it.
    pub actor: Option<String>,
    /// The door it came through.
    pub dialect: Option<String>,
    /// Recorded at or after this.
    pub since: Option<Timestamp>,
    /// Recorded before this.
    pub until: Option<Timestamp>,
    /// Only what stands after this position. Where to go on upwards.
    pub after: Option<Position>,
    /// Only what stands before this position. Where to go on downwards.
    pub before: Option<Position>,
    /// How many events at most; at least one.
    pub limit: usize,
    /// The newest first.
    pub descending: bool,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// The events, in the order that was asked for.
    pub events: Vec<Recorded>,
    /// Where to go on: `after` of the next query upwards, `before` of the next one downwards. None at the end.
    /// A page may have no events and yet a next one.
    pub next: Option<Position>,
    /// How many events were looked at.
    pub examined: usize,
}

impl EventQuery {
    pub(super) fn admits(&self, event: &Recorded) -> bool {
        let at = event.recorded_at;
        let in_time = self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
            && self.after.is_none_or(|after| event.position > after)
            && self.before.is_none_or(|before| event.position < before);
        in_time
            && self
                .stream
                .as_ref()
                .is_none_or(|stream| *stream == event.stream)
            && self.filter.admits(event)
            && self.admits_metadata(event)
    }

    fn admits_metadata(&self, event: &Recorded) -> bool {
        if self.actor.is_none() && self.dialect.is_none() {
            return true;
        }
        let metadata: Metadata = serde_json::from_slice(&event.metadata).unwrap_or_default();
        let actor = metadata.actor.map(|actor| actor.id);
        (self.actor.is_none() || self.actor == actor)
            && (self.dialect.is_none() || self.dialect == metadata.dialect)
    }

    /// Whether the log's own filter says everything.
    fn is_plain(&self) -> bool {
        self.actor.is_none()
            && self.dialect.is_none()
            && self.since.is_none()
            && self.until.is_none()
    }

    /// Whether nothing after this event can be admitted, in the direction of the query.
    fn is_past(&self, position: Position) -> bool {
        if self.descending {
            self.after.is_some_and(|after| position <= after)
        } else {
            self.before.is_some_and(|before| position >= before)
        }
    }
}

impl History {
    /// A page of events. When it looked at 100 000 events it ends and says where to go on, whatever it found.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn page(&self, query: &EventQuery) -> Result<EventPage, ReadError> {
        if let Some(stream) = &query.stream {
            return self.page_of_stream(stream, query).await;
        }
        let limit = query.limit.max(1);
        let mut from = match query.descending {
            true => query.before.unwrap_or(Position::END),
            false => query.after.unwrap_or(Position::START),
        };
        let mut found = EventPage {
            events: Vec::new(),
            next: None,
            examined: 0,
        };
        loop {
            let missing = limit - found.events.len();
            let chunk = if query.is_plain() {
                missing
            } else {
                missing.max(CHUNK)
            };
            let page = self.read(from, query, chunk).await?;
            found.examined += page.events.len().max(1);
            for event in page.events {
                if query.is_past(event.position) {
                    found.next = None;
                    return Ok(found);
                }
                found.next = Some(event.position);
                if query.admits(&event) {
                    found.events.push(event);
                }
                if found.events.len() >= limit {
                    return Ok(found);
                }
            }
            if page.end {
                found.next = None;
                return Ok(found);
            }
            from = page.next;
            found.next = Some(from);
            if found.examined >= EXAMINED_MAX || query.is_past(from) {
                return Ok(found);
            }
        }
    }

    async fn read(
        &self,
        from: Position,
        query: &EventQuery,
        chunk: usize,
    ) -> Result<Page, ReadError> {
        let limit = PageLimit {
            examined: EXAMINED_MAX,
            ..PageLimit::events(chunk)
        };
        if query.descending {
            self.log.read_all_back(from, &query.filter, limit).await
        } else {
            self.log.read_all(from, &query.filter, limit).await
        }
    }

    /// A stream has few events, and its own index: it is read as a whole, in chunks.
    async fn page_of_stream(
        &self,
        stream: &StreamName,
        query: &EventQuery,
    ) -> Result<EventPage, ReadError> {
        let mut events = Vec::new();
        let (mut from, mut examined) = (Revision::FIRST, 0);
        loop {
            let chunk = self.log.read_stream(stream, from, CHUNK).await?;
            let Some(last) = chunk.last() else {
                break;
            };
            from = last.revision.next();
            examined += chunk.len();
            let is_last = chunk.len() < CHUNK;
            events.extend(chunk.into_iter().filter(|event| query.admits(event)));
            let enough = !query.descending && events.len() > query.limit.max(1);
            if is_last || enough || examined >= EXAMINED_MAX {
                break;
            }
        }
        if query.descending {
            events.reverse();
        }
        let limit = query.limit.max(1);
        let has_more = events.len() > limit;
        events.truncate(limit);
        let next = events
            .last()
            .filter(|_| has_more)
            .map(|event| event.position);
        Ok(EventPage {
            events,
            next,
            examined,
        })
    }
}
