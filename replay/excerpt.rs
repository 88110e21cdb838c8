//! A few events as a log of their own, so that views can be folded from them alone.

use async_trait::async_trait;
use eventlog::{
    Append, AppendError, Appended, Description, EventLog, Filter, Page, PageLimit, Position,
    ReadError, Recorded, Revision, StreamName,
};
use tokio::sync::watch;
use uuid::Uuid;

/// Events of a log, in order and at their positions. Nothing can be written to it.
pub(crate) struct Excerpt {
    events: Vec<Recorded>,
    head: watch::Sender<Position>,
}

impl Excerpt {
    pub(crate) fn of(events: Vec<Recorded>) -> Self {
        let head = events.last().map_or(Position::START, |last| last.position);
        let head = watch::Sender::new(head);
        Self { events, head }
    }
}

#[async_trait]
impl EventLog for Excerpt {
    async fn append(&self, _: Vec<Append>) -> Result<Appended, AppendError> {
        Err(not_written())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        let own = |event: &&Recorded| event.stream == *stream && event.revision >= from;
        Ok(self
            .events
            .iter()
            .filter(own)
            .take(limit)
            .cloned()
            .collect())
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let start = self.events.partition_point(|event| event.position <= after);
        let examined = &self.events[start..];
        let examined = &examined[..examined.len().min(limit.events)];
        let next = examined.last().map_or(after, |last| last.position);
        let admitted = examined.iter().filter(|event| filter.admits(event));
        Ok(Page {
            events: admitted.cloned().collect(),
            next,
            end: next >= self.head(),
        })
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let end = self.events.partition_point(|event| event.position < before);
        let start = end.saturating_sub(limit.events);
        let admitted = self.events[start..end].iter().rev();
        Ok(Page {
            events: admitted
                .filter(|event| filter.admits(event))
                .cloned()
                .collect(),
            next: self.events[start..end]
                .first()
                .map_or(before, |first| first.position),
            end: start == 0,
        })
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        let own = self
            .events
            .iter()
            .rev()
            .find(|event| event.stream == *stream);
        Ok(own.map(|event| event.revision))
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        let found = self.events.iter().find(|event| event.id == id);
        Ok(found.map(|event| event.position))
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    fn stopped(&self) -> Option<AppendError> {
        Some(not_written())
    }

    fn describe(&self) -> Description {
        Description {
            backend: "memory",
            layout: "excerpt",
            log_id: None,
            lag: 0,
            damage: None,
        }
    }
}

fn not_written() -> AppendError {
    let reason = "this is an excerpt of a log".to_owned();
    AppendError::Stopped { reason }
}
