//! Following the log.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use crate::{EventLog, Filter, PageLimit, Position, ReadError, Recorded};

/// A reader that goes from what is there to what comes without a gap or a repeat.
///
/// It pulls pages and waits for the head only when it has reached it, so catching up and living are
/// the same loop and a slow reader holds nothing but its own place.
pub struct Subscription {
    log: Arc<dyn EventLog>,
    head: watch::Receiver<Position>,
    filter: Filter,
    limit: PageLimit,
    position: Position,
    waiting: VecDeque<Recorded>,
}

impl Subscription {
    /// Follows `log` from after `position`.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, position: Position, filter: Filter) -> Self {
        let head = log.watch_head();
        let limit = PageLimit::default();
        Self {
            log,
            head,
            filter,
            limit,
            position,
            waiting: VecDeque::new(),
        }
    }

    /// Reads no more at once than this.
    #[must_use]
    pub fn with_limit(self, limit: PageLimit) -> Self {
        Self { limit, ..self }
    }

    /// The last position that was looked at; going on from here misses nothing that was not yet
    /// handed out.
    #[must_use]
    pub fn position(&self) -> Position {
        self.waiting
            .front()
            .map_or(self.position, |event| Position(event.position.0 - 1))
    }

    /// The next event, waiting for it if need be. `None` when the log is closed.
    ///
    /// # Errors
    /// The log's error when it cannot be read; another call tries again.
    pub async fn next(&mut self) -> Result<Option<Recorded>, ReadError> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            match self.next_page().await? {
                Some(page) => self.waiting.extend(page),
                None => return Ok(None),
            }
        }
    }

    /// The next events, as many as there are up to a page, waiting for the first of them if need
    /// be.
    ///
    /// # Errors
    /// As [`Subscription::next`].
    pub async fn next_page(&mut self) -> Result<Option<Vec<Recorded>>, ReadError> {
        if !self.waiting.is_empty() {
            return Ok(Some(self.waiting.drain(..).collect()));
        }
        loop {
            let head = *self.head.borrow_and_update();
            if self.position < head {
                let page = self
                    .log
                    .read_all(self.position, &self.filter, self.limit)
                    .await?;
                self.position = page.next.max(self.position);
                if !page.events.is_empty() {
                    return Ok(Some(page.events));
                }
                if !page.end {
                    continue;
                }
            }
            if self.position >= head && self.head.changed().await.is_err() {
                return Ok(None);
            }
        }
    }
}
