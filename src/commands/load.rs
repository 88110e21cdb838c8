//! Reading a stream into the state of a thing.

use std::any::Any;
use std::convert::Infallible;

use domain::{Aggregate, Event, History};
use eventlog::{EventLog, Filter, PageLimit, Recorded, Revision, StreamName};

use crate::ids::Ids;
use crate::{Appended1, BoxFuture, CommandError, Outcome, STREAM_EVENTS_MAX};

const PAGE_EVENTS: usize = 256;

/// An aggregate whose type is not known here: what reads streams is compiled once, and not once per aggregate.
pub(crate) trait State: Any + Send + Sync {
    /// Applies an event, or returns false when it is an event of another aggregate.
    #[must_use]
    fn apply(&mut self, event: Event) -> bool;
}

impl<A: Aggregate> State for A {
    fn apply(&mut self, event: Event) -> bool {
        let own = A::event_of(event);
        if let Some(event) = &own {
            self.evolve(event);
        }
        own.is_some()
    }
}

/// Which part of which stream is read.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) stream: &'a StreamName,
    pub(crate) category: &'static str,
    pub(crate) history: History,
}

/// Folds a part of a stream into `state`, and returns the last revision. `visit` receives every event that is read.
pub(crate) fn fold<'a>(
    log: &'a dyn EventLog,
    part: Part<'a>,
    state: &'a mut dyn State,
    visit: &'a mut (dyn FnMut(&Recorded, &Event) + Send),
) -> BoxFuture<'a, Result<Option<Revision>, CommandError<Infallible>>> {
    Box::pin(async move {
        let Part {
            stream,
            category,
            history,
        } = part;
        let mut revision = None;
        let mut from = match history {
            History::Whole => Revision::FIRST,
            History::Nothing => return Ok(None),
            History::Last => match log.stream_head(stream).await? {
                Some(last) => last,
                None => return Ok(None),
            },
        };
        let mut count = 0;
        loop {
            let page = log.read_stream(stream, from, PAGE_EVENTS).await?;
            count += page.len();
            if count > STREAM_EVENTS_MAX {
                let reason = format!("stream {stream} holds more than {STREAM_EVENTS_MAX} events");
                return Err(CommandError::TooLarge { reason });
            }
            for recorded in &page {
                let event = decode(recorded)?;
                visit(recorded, &event);
                let name = event.event_type();
                if !state.apply(event) {
                    let position = recorded.position;
                    let reason = format!("{name} at position {position} is in a {category} stream");
                    return Err(CommandError::Fault { reason });
                }
                revision = Some(recorded.revision);
            }
            match revision {
                Some(last) if page.len() == PAGE_EVENTS => from = last.next(),
                _ => return Ok(revision),
            }
        }
    })
}

/// The events with these ids, if they were used before.
pub(crate) fn first_result(
    log: &dyn EventLog,
    ids: Ids,
) -> BoxFuture<'_, Result<Option<Outcome>, CommandError<Infallible>>> {
    Box::pin(async move {
        let Some(mut position) = log.find(ids.of(0)).await? else {
            return Ok(None);
        };
        position.0 = position.0.saturating_sub(1);
        let mut events = Vec::new();
        loop {
            // The events of one batch are adjacent.
            let limit = PageLimit::events(PAGE_EVENTS);
            let page = log.read_all(position, &Filter::all(), limit).await?;
            position = page.next;
            for recorded in &page.events {
                if !ids.is(recorded.id, events.len()) {
                    let repeated = true;
                    return Ok(Some(Outcome { events, repeated }));
                }
                events.push(appended(recorded, &decode(recorded)?));
            }
            if page.end {
                let repeated = true;
                return Ok(Some(Outcome { events, repeated }));
            }
        }
    })
}

fn decode(recorded: &Recorded) -> Result<Event, CommandError<Infallible>> {
    Event::decode(
        recorded.event_type.as_str(),
        recorded.version,
        &recorded.data,
    )
    .map_err(|fault| CommandError::Fault {
        reason: format!("position {}: {fault}", recorded.position),
    })
}

pub(crate) fn appended(recorded: &Recorded, event: &Event) -> Appended1 {
    Appended1 {
        id: recorded.id,
        position: recorded.position,
        revision: recorded.revision,
        event: event.event_type(),
    }
}
