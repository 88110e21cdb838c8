//! The one trait that every backend keeps.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Append, AppendError, Appended, Description, Filter, LogLimits, LogStats, Position, ReadError,
    Recorded, Revision, StreamName, Subscription,
};

/// How much one read may examine and return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// The most events that come back.
    pub events: usize,
    /// The most events that are looked at, so that a filter that admits little still answers soon.
    pub examined: usize,
    /// The most bytes of events that come back; one event always does, however large.
    pub bytes: usize,
}

impl PageLimit {
    /// A page of this many events, looking at no more than 64 times as many (and at least 100,000),
    /// and of no more than 8 MiB.
    #[must_use]
    pub fn events(events: usize) -> Self {
        Self {
            events,
            examined: (events * 64).max(100_000),
            bytes: 8 * 1024 * 1024,
        }
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self::events(1024)
    }
}

/// What one read of the whole log found.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The events that the filter admits, in the order of the read.
    pub events: Vec<Recorded>,
    /// Where the next read goes on: the last position that was looked at, admitted or not.
    pub next: Position,
    /// Whether the read came to the end of what there was (the head, or the start when reading
    /// back).
    pub end: bool,
}

/// A log of events. Every promise below is a function in [`crate::conformance`].
///
/// - Durable, then acknowledged, then visible, in this order.
/// - A batch is all or nothing, whatever streams it names.
/// - Positions only grow; per stream, revisions are 0, 1, 2, … without gaps.
/// - A conflict answers what was expected and what is.
/// - An event id is accepted once; a batch whose ids are all known is answered with its first
///   result, whatever it expects of its streams.
/// - A reader never sees what could be lost.
/// - A failed flush stops the writer; reads go on.
/// - Every queue is bounded, and a batch that finds it full was never sent.
/// - An unknown outcome is [`AppendError::Unknown`]. Sending the same event ids again gives the
///   outcome, and writes nothing twice.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Appends a batch, all or nothing; durable when it returns.
    async fn append(&self, batch: Vec<Append>) -> Result<Appended, AppendError>;

    /// Reads one stream upwards from a revision, `limit` events at most. A stream that was never
    /// written to is empty.
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError>;

    /// Reads the events after a position, in order.
    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError>;

    /// Reads the events before a position, in reverse order.
    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError>;

    /// The revision of a stream's last event, if it has one.
    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError>;

    /// The position of the event with this id, if the log has it and keeps its id.
    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError>;

    /// The last position that is durable and visible.
    fn head(&self) -> Position {
        *self.watch_head().borrow()
    }

    /// The head as it moves. It never goes back and never runs ahead of what is durable.
    fn watch_head(&self) -> watch::Receiver<Position>;

    /// The answer to every append while the log does not accept writes. It may turn back to `None`
    /// by itself when the cause ends: check each time, and never cache it.
    fn stopped(&self) -> Option<AppendError>;

    /// The most that one append may carry. No backend takes less than [`LogLimits::LEAST`].
    fn limits(&self) -> LogLimits {
        LogLimits::LEAST
    }

    /// Which log this is and how it is kept, for operators.
    fn describe(&self) -> Description;

    /// What the log has counted since it was opened. What a backend does not count is zero.
    fn stats(&self) -> LogStats {
        LogStats::default()
    }

    /// Ends writing: what waits is served, then every append is refused; reads go on. It waits for
    /// the disk, and closing twice does nothing. A log that is never written to has nothing to do.
    fn close(&self) {}
}

/// Follows the log from a position on: first what is there, then what comes, without a gap or a
/// repeat.
pub fn subscribe(log: Arc<dyn EventLog>, after: Position, filter: Filter) -> Subscription {
    Subscription::new(log, after, filter)
}
