//! Which part of a log a tool is about.

use eventlog::{EventLog, Filter, Page, PageLimit, Position, ReadError, Recorded};

use crate::AsOf;

/// A stretch of the log, and which events of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// The first event: the one at this position, or the first that was recorded at this time or
    /// later.
    pub from: Option<AsOf>,
    /// The last event: the one at this position, or the one before the first that was recorded
    /// later.
    pub until: Option<AsOf>,
    /// Which events of the stretch.
    pub filter: Filter,
}

/// Reads a window page by page. The head at the beginning is where it ends, however the log grows.
pub(crate) struct Reader<'l> {
    log: &'l dyn EventLog,
    window: Window,
    next: Position,
    last: Position,
    limit: PageLimit,
    begun: bool,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(log: &'l dyn EventLog, window: Window) -> Self {
        let head = log.head();
        let (next, begun) = match window.from {
            Some(AsOf::Position(first)) => (Position(first.0.saturating_sub(1)), true),
            Some(AsOf::Time(_)) => (Position::START, false),
            None => (Position::START, true),
        };
        let last = match window.until {
            Some(AsOf::Position(last)) => last.min(head),
            Some(AsOf::Time(_)) | None => head,
        };
        Self {
            log,
            window,
            next,
            last,
            limit: PageLimit::events(4096),
            begun,
        }
    }

    /// Up to where the log has been looked at.
    pub(crate) fn position(&self) -> Position {
        self.next
    }

    /// How many positions the window spans at most.
    pub(crate) fn span(&self) -> u64 {
        self.last.0.saturating_sub(self.next.0)
    }

    /// The next events; `None` at the end. A page may be empty when the filter admitted nothing of
    /// it.
    pub(crate) async fn next_page(&mut self) -> Result<Option<Vec<Recorded>>, ReadError> {
        if self.next >= self.last {
            return Ok(None);
        }
        // A time is looked for among all events, not only those that the filter admits: the first
        // later event ends the window whatever kind it is.
        let by_time = !self.begun || matches!(self.window.until, Some(AsOf::Time(_)));
        let all = Filter::all();
        let filter = if by_time { &all } else { &self.window.filter };
        let page = self.log.read_all(self.next, filter, self.limit).await?;
        Ok(Some(self.within(page, by_time)))
    }

    fn within(&mut self, page: Page, by_time: bool) -> Vec<Recorded> {
        // A page without progress would otherwise be requested without end.
        self.next = if page.end && page.next <= self.next {
            self.last
        } else {
            page.next
        };
        let mut events = Vec::with_capacity(page.events.len());
        for event in page.events {
            let later = self
                .window
                .until
                .is_some_and(|until| !until.includes(&event));
            if event.position > self.last || (later && by_time) {
                self.next = self.last;
                break;
            }
            if let (false, Some(AsOf::Time(from))) = (self.begun, self.window.from) {
                self.begun = event.recorded_at >= from;
            }
            if self.begun && (!by_time || self.window.filter.admits(&event)) {
                events.push(event);
            }
        }
        events
    }
}
