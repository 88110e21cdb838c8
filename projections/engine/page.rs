//! A page of the log, decoded once for all who fold it.

use domain::Event;
use eventlog::{Page, Position, Recorded};

use super::fault::FoldFault;

pub(crate) struct DecodedPage {
    /// The position before the page.
    pub(crate) after: Position,
    /// The events that a view wants, and always the last event, by which a table recognises its
    /// log.
    pub(crate) events: Vec<(Recorded, Reading)>,
    /// Where the next read goes on.
    pub(crate) next: Position,
    /// Whether this was the end of the log.
    pub(crate) end: bool,
}

/// What became of an event's bytes.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are events, and a box for each would cost every replay"
)]
pub(crate) enum Reading {
    Event(Event),
    /// No fold wants this type; only the last event of a page is kept anyway.
    Unwanted,
    Fault,
}

impl DecodedPage {
    /// Decodes the events that a view wants; passes unreadable ones to `fault`.
    pub(crate) fn decode(
        after: Position,
        page: Page,
        wanted: impl Fn(&Recorded) -> bool,
        mut fault: impl FnMut(FoldFault),
    ) -> Self {
        let last = page.events.len().saturating_sub(1);
        let events = page.events.into_iter().enumerate();
        let events = events.filter_map(|(index, recorded)| {
            let event_type = recorded.event_type.as_str();
            let reading = if wanted(&recorded) {
                match Event::decode(event_type, recorded.version, &recorded.data) {
                    Ok(event) => Reading::Event(event),
                    Err(reason) => {
                        let reason = reason.to_string();
                        let position = recorded.position;
                        fault(FoldFault { position, reason });
                        Reading::Fault
                    }
                }
            } else if index == last {
                Reading::Unwanted
            } else {
                return None;
            };
            Some((recorded, reading))
        });
        Self {
            after,
            events: events.collect(),
            next: page.next,
            end: page.end,
        }
    }
}
