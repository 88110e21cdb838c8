//! Passes over what a log has already, as fast as it can be read.

use eventlog::{Filter, PageLimit, Position, Recorded};

use super::Import;
use crate::ToolError;
use crate::line::IncomingEvent;

impl Import<'_> {
    /// How many of the first events are in the log at the positions of their lines. A resumed
    /// import skips them as fast as it can read; the log may no longer know all of their ids.
    pub(super) async fn known_by_place(
        &mut self,
        events: &[(u64, IncomingEvent)],
    ) -> Result<usize, ToolError> {
        let mut known = 0;
        while let Some((_, event)) = events.get(known).filter(|_| !self.moved_on) {
            let place = event.position.filter(|place| *place <= self.log.head());
            let Some(before) = place.and_then(|place| place.0.checked_sub(1)) else {
                break;
            };
            let limit = PageLimit::events(events.len() - known);
            let page = self
                .log
                .read_all(Position(before), &Filter::all(), limit)
                .await?;
            let pairs = events[known..].iter().zip(&page.events);
            let same = pairs
                .take_while(|((_, event), there)| same_place(there, event))
                .count();
            for (line, event) in &events[known..known + same] {
                self.note_place(*line, event, event.position.unwrap_or_default());
            }
            known += same;
            // Once the log goes another way than the lines, there is nothing more to find like
            // this.
            self.moved_on = same == 0;
        }
        self.report.already += known as u64;
        Ok(known)
    }
}

/// Whether the log has this very event at this very place.
fn same_place(there: &Recorded, incoming: &IncomingEvent) -> bool {
    Some(there.position) == incoming.position
        && there.stream == incoming.stream
        && there.revision == incoming.revision
        && same(there, incoming)
}

/// Whether the log has this very event.
pub(super) fn same(there: &Recorded, incoming: &IncomingEvent) -> bool {
    let event = &incoming.event;
    there.id == event.id
        && there.event_type == event.event_type
        && there.version == event.version
        && there.data == event.data
        && there.metadata == event.metadata
}
