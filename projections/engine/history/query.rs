//! Pages of events by who, when and what.

use std::collections::VecDeque;

use domain::Metadata;
use eventlog::{Filter, Page, PageLimit, Position, ReadError, Recorded, Revision, StreamName};
use jiff::Timestamp;

use super::{BoxFuture, History};
use crate::engine::listing::PAGE_BYTES_MAX;

/// The most events that one page may look at.
const EXAMINED_MAX: usize = 100_000;

/// How many events are read at once for filters that the log itself does not have.
const CHUNK: usize = 1024;

/// How many events of a stream are read at first, while it is not known how large they are.
const CHUNK_FIRST: usize = 16;

/// Which events, in which order; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Categories and types.
    pub filter: Filter,
    pub stream: Option<StreamName>,
    /// Who did it, by kind and name or id.
    pub actor: Option<String>,
    /// The interface it came through.
    pub dialect: Option<String>,
    /// Recorded at or after this.
    pub since: Option<Timestamp>,
    /// Recorded before this.
    pub until: Option<Timestamp>,
    /// Only events after this position.
    pub after: Option<Position>,
    /// Only events before this position.
    pub before: Option<Position>,
    /// How many events at most; at least one.
    pub limit: usize,
    /// How many bytes of events, less than [`PAGE_BYTES_MAX`]; the last event of a page may go over it.
    pub bytes_max: Option<usize>,
    /// The newest first.
    pub descending: bool,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// The events, in the requested order.
    pub events: Vec<Recorded>,
    /// Where to go on: `after` of the next query upwards, `before` of the next one downwards. None at the end.
    /// A page may have no events and yet a next one.
    pub next: Option<Position>,
    /// How many events were looked at.
    pub examined: usize,
}

impl EventQuery {
    fn bytes_max(&self) -> usize {
        self.bytes_max
            .map_or(PAGE_BYTES_MAX, |bytes| bytes.min(PAGE_BYTES_MAX))
    }

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

    /// Whether the one who did it is meant; see [`domain::Actor::is_meant_by`].
    #[must_use]
    pub fn admits_actor(&self, metadata: &Metadata) -> bool {
        let Some(wanted) = &self.actor else {
            return true;
        };
        let actor = metadata.actor.as_ref();
        actor.is_some_and(|actor| actor.is_meant_by(wanted))
    }

    fn admits_metadata(&self, event: &Recorded) -> bool {
        if self.actor.is_none() && self.dialect.is_none() {
            return true;
        }
        let metadata: Metadata = serde_json::from_slice(&event.metadata).unwrap_or_default();
        self.admits_actor(&metadata) && (self.dialect.is_none() || self.dialect == metadata.dialect)
    }

    /// Whether the log's own filter is enough.
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
    /// A page of events. After reading 100 000 events it ends with the position to continue from,
    /// whatever it found.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn page<'a>(
        &'a self,
        query: &'a EventQuery,
    ) -> BoxFuture<'a, Result<EventPage, ReadError>> {
        Box::pin(async move {
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
            let mut bytes = 0;
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
                        bytes += size(&event);
                        found.events.push(event);
                    }
                    if found.events.len() >= limit || bytes >= query.bytes_max() {
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
        })
    }

    async fn read(
        &self,
        from: Position,
        query: &EventQuery,
        chunk: usize,
    ) -> Result<Page, ReadError> {
        let limit = PageLimit {
            examined: EXAMINED_MAX,
            bytes: query.bytes_max(),
            ..PageLimit::events(chunk)
        };
        if query.descending {
            self.log.read_all_back(from, &query.filter, limit).await
        } else {
            self.log.read_all(from, &query.filter, limit).await
        }
    }

    /// A stream has its own index: it is read from its beginning, and no more of it is held than the page needs.
    async fn page_of_stream(
        &self,
        stream: &StreamName,
        query: &EventQuery,
    ) -> Result<EventPage, ReadError> {
        let limit = query.limit.max(1);
        let mut events = VecDeque::new();
        let (mut steps, mut bytes, mut examined) = (Steps::from(Revision::FIRST), 0, 0);
        let mut has_more = false;
        while let Some(chunk) = steps.next(self, stream, query.bytes_max()).await? {
            examined += chunk.len();
            for event in chunk.into_iter().filter(|event| query.admits(event)) {
                bytes += size(&event);
                events.push_back(event);
                // Downwards the last ones are wanted, and there are always more of them.
                while query.descending
                    && (events.len() > limit || bytes > query.bytes_max() && events.len() > 1)
                {
                    bytes -= events.pop_front().map_or(0, |event| size(&event));
                    has_more = true;
                }
            }
            let is_full = events.len() > limit || bytes > query.bytes_max();
            if !query.descending && is_full || examined >= EXAMINED_MAX {
                break;
            }
        }
        let mut events = Vec::from(events);
        if query.descending {
            events.reverse();
        } else {
            let fitting = fitting(&events, limit, query.bytes_max());
            has_more = fitting < events.len();
            events.truncate(fitting);
        }
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

    /// A page of one stream upwards from a revision, and whether more follows.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn stream_page<'a>(
        &'a self,
        stream: &'a StreamName,
        from: Revision,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<Recorded>, bool), ReadError>> {
        Box::pin(async move {
            let (mut events, mut bytes, mut steps) = (Vec::new(), 0, Steps::from(from));
            // One more than is shown, to know whether there is a next page.
            while events.len() <= limit && bytes <= PAGE_BYTES_MAX {
                let Some(chunk) = steps.next(self, stream, PAGE_BYTES_MAX).await? else {
                    break;
                };
                bytes += chunk.iter().map(size).sum::<usize>();
                events.extend(chunk);
            }
            let fitting = fitting(&events, limit, PAGE_BYTES_MAX);
            let has_more = fitting < events.len();
            events.truncate(fitting);
            Ok((events, has_more))
        })
    }
}

/// How many of these fit into a page: at least one.
fn fitting(events: &[Recorded], limit: usize, bytes_max: usize) -> usize {
    let mut bytes = 0;
    let fit = events.iter().take(limit).take_while(|event| {
        bytes += size(event);
        bytes <= bytes_max
    });
    fit.count().max(1).min(events.len())
}

/// How much of an answer an event takes.
fn size(event: &Recorded) -> usize {
    event.data.len() + event.metadata.len()
}

/// Reads a stream, a few events at first and then as many at once as fit, by what they have taken so far.
struct Steps {
    from: Revision,
    count: usize,
    is_over: bool,
}

impl Steps {
    fn from(from: Revision) -> Self {
        Self {
            from,
            count: CHUNK_FIRST,
            is_over: false,
        }
    }

    async fn next(
        &mut self,
        history: &History,
        stream: &StreamName,
        bytes_max: usize,
    ) -> Result<Option<Vec<Recorded>>, ReadError> {
        if self.is_over {
            return Ok(None);
        }
        let events = history
            .log
            .read_stream(stream, self.from, self.count)
            .await?;
        let Some(last) = events.last() else {
            return Ok(None);
        };
        self.from = last.revision.next();
        self.is_over = events.len() < self.count;
        let average = events.iter().map(size).sum::<usize>() / events.len();
        let fitting = bytes_max / 2 / average.max(1);
        self.count = fitting.clamp(CHUNK_FIRST, CHUNK);
        Ok(Some(events))
    }
}
