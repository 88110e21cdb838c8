//! Reading a stream into the state of a thing.

use domain::{Aggregate, Event, History};
use eventlog::{EventLog, Filter, PageLimit, Recorded, Revision, StreamName};

use crate::ids::Ids;
use crate::{Appended1, CommandError, Outcome, STREAM_EVENTS_MAX};

const PAGE_EVENTS: usize = 256;

/// An aggregate, folded from its stream.
pub(crate) struct Folded<A> {
    pub(crate) state: A,
    pub(crate) revision: Option<Revision>,
}

/// Folds a part of a stream. `visit` receives every event that is read.
pub(crate) async fn fold<A: Aggregate>(
    log: &dyn EventLog,
    stream: &StreamName,
    history: History,
    mut visit: impl FnMut(&Recorded, &Event),
) -> Result<Folded<A>, CommandError<A::Rejection>> {
    let mut folded = Folded {
        state: A::default(),
        revision: None,
    };
    let mut from = match history {
        History::Whole => Revision::FIRST,
        History::Nothing => return Ok(folded),
        History::Last => match log.stream_head(stream).await? {
            Some(last) => last,
            None => return Ok(folded),
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
            let Some(event) = A::event_of(event) else {
                let (category, position) = (A::CATEGORY, recorded.position);
                let reason = format!("{name} at position {position} is in a {category} stream");
                return Err(CommandError::Fault { reason });
            };
            folded.state.evolve(&event);
            folded.revision = Some(recorded.revision);
        }
        match folded.revision {
            Some(last) if page.len() == PAGE_EVENTS => from = last.next(),
            _ => return Ok(folded),
        }
    }
}

/// The events with these ids, if they were used before.
pub(crate) async fn first_result<R>(
    log: &dyn EventLog,
    ids: Ids,
) -> Result<Option<Outcome>, CommandError<R>> {
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
}

pub(crate) fn decode<R>(recorded: &Recorded) -> Result<Event, CommandError<R>> {
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
