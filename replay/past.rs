//! A log as it was.

use std::sync::Arc;

use async_trait::async_trait;
use eventlog::{
    Append, AppendError, Appended, Description, EventLog, Filter, Page, PageLimit, Position,
    ReadError, Recorded, Revision, StreamName,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::AsOf;

/// A log as it was at some moment: nothing after that can be read, and nothing can be written.
pub struct Past {
    log: Arc<dyn EventLog>,
    head: watch::Sender<Position>,
}

impl Past {
    /// The log as it was then; as it is now when no moment is named. Its head does not move.
    ///
    /// # Errors
    /// When the log cannot be read to find the moment.
    pub async fn of(log: Arc<dyn EventLog>, moment: Option<AsOf>) -> Result<Self, ReadError> {
        let head = match moment {
            Some(moment) => moment.head_of(&*log).await?,
            None => log.head(),
        };
        let head = watch::Sender::new(head);
        Ok(Self { log, head })
    }

    fn keep(&self, events: &mut Vec<Recorded>) -> bool {
        let before = events.len();
        let head = self.head();
        events.retain(|event| event.position <= head);
        events.len() < before
    }
}

#[async_trait]
impl EventLog for Past {
    async fn append(&self, _: Vec<Append>) -> Result<Appended, AppendError> {
        Err(self.not_written())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        let mut events = self.log.read_stream(stream, from, limit).await?;
        self.keep(&mut events);
        Ok(events)
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let mut page = self.log.read_all(after, filter, limit).await?;
        let cut = self.keep(&mut page.events);
        if cut || page.next >= self.head() {
            page.next = self.head().max(after);
            page.end = true;
        }
        Ok(page)
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        let before = before.min(Position(self.head().0.saturating_add(1)));
        self.log.read_all_back(before, filter, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        // The stream may have grown since; the wanted event is found by halving.
        let Some(now) = self.log.stream_head(stream).await? else {
            return Ok(None);
        };
        let (mut low, mut high) = (0, now.0 + 1);
        while low < high {
            let middle = low.midpoint(high);
            let event = self.log.read_stream(stream, Revision(middle), 1).await?;
            if event
                .first()
                .is_some_and(|event| event.position <= self.head())
            {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.checked_sub(1).map(Revision))
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        let found = self.log.find(id).await?;
        Ok(found.filter(|position| *position <= self.head()))
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    fn stopped(&self) -> Option<AppendError> {
        Some(self.not_written())
    }

    fn describe(&self) -> Description {
        self.log.describe()
    }
}

impl Past {
    fn not_written(&self) -> AppendError {
        let reason = format!("this is the log as it was at position {}", self.head());
        AppendError::Stopped { reason }
    }
}

#[cfg(test)]
mod tests;
