//! The smallest log: everything in memory, nothing durable. For tests, and as the model for others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Append, AppendError, Appended, Description, EventLog, Filter, LogLimits, Page, PageLimit,
    Position, ReadError, Receipt, Recorded, Revision, StreamName,
};

/// A log that lasts as long as the process.
pub struct MemoryLog {
    inner: Mutex<Inner>,
    head: watch::Sender<Position>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    limits: LogLimits,
}

#[derive(Default)]
struct Inner {
    events: Vec<Recorded>,
    streams: HashMap<StreamName, Vec<usize>>,
    ids: HashMap<Uuid, usize>,
    closed: bool,
}

impl MemoryLog {
    /// An empty log that takes the time from `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            inner: Mutex::default(),
            head: watch::Sender::new(Position::START),
            now: Box::new(now),
            limits: LogLimits::LEAST,
        }
    }

    /// The same with other limits. Below [`LogLimits::LEAST`] it stands for a log that is not what callers may rely
    /// on: for tests of what they make of it.
    #[must_use]
    pub fn with_limits(self, limits: LogLimits) -> Self {
        Self { limits, ..self }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing below panics while it holds the lock and leaves it half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, batch: Vec<Append>) -> Result<Appended, AppendError> {
        crate::append::check(&batch, self.limits)?;
        let mut inner = self.inner();
        if inner.closed {
            return Err(closed());
        }
        if let Some(appended) = inner.repeated(&batch)? {
            return Ok(appended);
        }
        inner.check_expectations(&batch)?;
        let recorded_at = (self.now)();
        let mut receipts = Vec::new();
        for Append { stream, events, .. } in batch {
            for event in events {
                receipts.push(inner.push(&stream, event, recorded_at));
            }
        }
        let appended = Appended {
            receipts,
            repeated: false,
        };
        self.head.send_replace(appended.last());
        Ok(appended)
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        let inner = self.inner();
        let places = inner.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let from = usize::try_from(from.0)
            .unwrap_or(usize::MAX)
            .min(places.len());
        Ok(places[from..]
            .iter()
            .take(limit)
            .map(|&place| inner.events[place].clone())
            .collect())
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let inner = self.inner();
        let start = usize::try_from(after.0)
            .unwrap_or(usize::MAX)
            .min(inner.events.len());
        Ok(collect(inner.events[start..].iter(), after, filter, limit))
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let inner = self.inner();
        let end = usize::try_from(before.0.saturating_sub(1)).unwrap_or(usize::MAX);
        let end = end.min(inner.events.len());
        Ok(collect(
            inner.events[..end].iter().rev(),
            before,
            filter,
            limit,
        ))
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        Ok(self.inner().head_of(stream))
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        let inner = self.inner();
        Ok(inner
            .ids
            .get(&id)
            .map(|&place| inner.events[place].position))
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    fn stopped(&self) -> Option<AppendError> {
        self.inner().closed.then(closed)
    }

    fn close(&self) {
        self.inner().closed = true;
    }

    fn limits(&self) -> LogLimits {
        self.limits
    }

    fn describe(&self) -> Description {
        Description {
            backend: "memory",
            layout: "array",
            log_id: None,
            lag: 0,
            damage: None,
        }
    }
}

impl Inner {
    fn head_of(&self, stream: &StreamName) -> Option<Revision> {
        self.streams
            .get(stream)
            .map(|places| Revision(places.len() as u64 - 1))
    }

    /// The first result, when every id of the batch is known in its stream.
    fn repeated(&self, batch: &[Append]) -> Result<Option<Appended>, AppendError> {
        let known = |stream: &StreamName, id: Uuid| {
            let event = &self.events[*self.ids.get(&id)?];
            Some((
                event.stream == *stream,
                Receipt {
                    position: event.position,
                    revision: event.revision,
                },
            ))
        };
        crate::append::first_result(batch, known)
    }

    fn check_expectations(&self, batch: &[Append]) -> Result<(), AppendError> {
        crate::append::check_expectations(batch, |stream| self.head_of(stream))
    }

    fn push(&mut self, stream: &StreamName, event: crate::NewEvent, at: Timestamp) -> Receipt {
        let place = self.events.len();
        let places = self.streams.entry(stream.clone()).or_default();
        let position = Position(place as u64 + 1);
        let revision = Revision(places.len() as u64);
        places.push(place);
        self.ids.insert(event.id, place);
        self.events.push(Recorded {
            position,
            stream: stream.clone(),
            revision,
            id: event.id,
            event_type: event.event_type,
            version: event.version,
            recorded_at: whole_microseconds(event.recorded_at.unwrap_or(at)),
            metadata: event.metadata,
            data: event.data,
        });
        Receipt { position, revision }
    }
}

fn closed() -> AppendError {
    AppendError::Stopped {
        reason: "it is closed".to_owned(),
    }
}

fn whole_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

fn collect<'a>(
    events: impl Iterator<Item = &'a Recorded>,
    from: Position,
    filter: &Filter,
    limit: PageLimit,
) -> Page {
    let mut page = Page {
        events: Vec::new(),
        next: from,
        end: true,
    };
    let mut bytes = 0;
    for (examined, event) in events.enumerate() {
        let size = event.data.len() + event.metadata.len();
        let full = page.events.len() >= limit.events
            || (!page.events.is_empty() && bytes + size > limit.bytes);
        if examined >= limit.examined || full {
            page.end = false;
            return page;
        }
        page.next = event.position;
        if filter.admits(event) {
            bytes += size;
            page.events.push(event.clone());
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_memory_log_keeps_every_promise() {
        crate::conformance::check(|| async {
            std::sync::Arc::new(MemoryLog::new(Timestamp::now)) as std::sync::Arc<dyn EventLog>
        })
        .await;
    }

    /// The suite measures a log by the limits that it names, so one that takes more is held to these.
    #[tokio::test]
    async fn a_memory_log_with_larger_limits_keeps_every_promise() {
        let limits = LogLimits {
            batch_events: LogLimits::LEAST.batch_events + 1,
            event_bytes: LogLimits::LEAST.event_bytes + 4096,
            batch_bytes: LogLimits::LEAST.batch_bytes + 4096,
        };
        crate::conformance::check(|| async {
            let log = MemoryLog::new(Timestamp::now).with_limits(limits);
            std::sync::Arc::new(log) as std::sync::Arc<dyn EventLog>
        })
        .await;
    }
}
