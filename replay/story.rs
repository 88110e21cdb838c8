//! One stream, folded.

use domain::{Aggregate, DecodeFault, Event};
use eventlog::{EventLog, ReadError, Recorded, Revision, StreamName};

use crate::AsOf;

/// How many events of a stream are read at once.
const PAGE_EVENTS: usize = 512;

/// An aggregate, folded from its stream.
pub(crate) struct Loaded<A> {
    pub state: A,
    /// The revision of the stream's last event.
    pub revision: Option<Revision>,
}

/// Folds a stream, up to a moment if one is named.
pub(crate) async fn load<A: Aggregate>(
    log: &dyn EventLog,
    stream: &StreamName,
    as_of: Option<AsOf>,
) -> Result<Loaded<A>, ReadError> {
    let mut loaded = Loaded {
        state: A::default(),
        revision: None,
    };
    for recorded in read(log, stream, as_of, usize::MAX).await? {
        let event = decode(&recorded).map_err(|fault| {
            ReadError::Fault(format!("position {}: {fault}", recorded.position))
        })?;
        if let Some(event) = A::event_of(event) {
            loaded.state.evolve(&event);
        }
        loaded.revision = Some(recorded.revision);
    }
    Ok(loaded)
}

/// The events of a stream up to a moment, `limit` at most.
pub(crate) async fn read(
    log: &dyn EventLog,
    stream: &StreamName,
    as_of: Option<AsOf>,
    limit: usize,
) -> Result<Vec<Recorded>, ReadError> {
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let wanted = PAGE_EVENTS.min(limit - events.len());
        let from = events
            .last()
            .map_or(Revision::FIRST, |last| last.revision.next());
        let page = log.read_stream(stream, from, wanted).await?;
        let whole = page.len() == wanted;
        for event in page {
            if as_of.is_some_and(|moment| !moment.includes(&event)) {
                return Ok(events);
            }
            events.push(event);
        }
        if !whole || events.len() == limit {
            return Ok(events);
        }
    }
}

/// Reads what the log holds.
pub(crate) fn decode(recorded: &Recorded) -> Result<Event, DecodeFault> {
    Event::decode(
        recorded.event_type.as_str(),
        recorded.version,
        &recorded.data,
    )
}
