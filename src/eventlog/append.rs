//! What goes into a log, and what comes back for it.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{AppendError, EventType, LogLimits, Position, Revision, StreamName};

/// What the writer believes about a stream; the log refuses the batch when it is not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Any,
    /// Nothing was ever written to it.
    Empty,
    /// Something was written to it.
    Exists,
    /// Its last event has this revision.
    At(Revision),
}

impl Expected {
    /// Whether a stream with the last revision `actual` is as expected.
    #[must_use]
    pub fn admits(self, actual: Option<Revision>) -> bool {
        match self {
            Self::Any => true,
            Self::Empty => actual.is_none(),
            Self::Exists => actual.is_some(),
            Self::At(revision) => actual == Some(revision),
        }
    }
}

/// An event that is not yet in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Accepted once in the life of the log: a repeat is answered with the first result. A random
    /// id is of UUID version 7; one that is derived from a caller's key is of version 5.
    pub id: Uuid,
    pub event_type: EventType,
    /// The version of its shape, from 1.
    pub version: u16,
    /// What surrounds the fact: who, through which interface, caused by what.
    pub metadata: Bytes,
    pub data: Bytes,
    /// When it was recorded; with `None` the log sets it. Only an import gives it.
    pub recorded_at: Option<Timestamp>,
}

impl NewEvent {
    /// The bytes that count against [`LogLimits::event_bytes`].
    #[must_use]
    pub fn size(&self) -> usize {
        self.metadata.len() + self.data.len()
    }
}

/// Events for one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// Where they go.
    pub stream: StreamName,
    /// What must hold for the stream. When a batch names one stream twice, the second part sees it
    /// as the first has left it.
    pub expected: Expected,
    /// What is to be written, in order; at least one.
    pub events: Vec<NewEvent>,
}

/// The place of one event of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream.
    pub revision: Revision,
}

/// The answer to a batch that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// One receipt per event, in the order of the batch.
    pub receipts: Vec<Receipt>,
    /// Whether every id of the batch was known already, so that nothing was written now.
    pub repeated: bool,
}

impl Appended {
    /// The place of the batch's last event.
    #[must_use]
    pub fn last(&self) -> Position {
        self.receipts
            .iter()
            .map(|receipt| receipt.position)
            .max()
            .unwrap_or(Position::START)
    }
}

/// Refuses events that a log with these limits does not take, before anything else is checked.
///
/// # Errors
/// [`AppendError::Refused`], naming the limit.
pub fn check(batch: &[Append], limits: LogLimits) -> Result<(), AppendError> {
    let refuse = |reason: String| Err(AppendError::Refused { reason });
    let count: usize = batch.iter().map(|part| part.events.len()).sum();
    if count == 0 || batch.iter().any(|part| part.events.is_empty()) {
        return refuse("every part of a batch has at least one event".to_owned());
    }
    if count > limits.batch_events {
        let most = limits.batch_events;
        return refuse(format!("{count} events at once, the log takes {most}"));
    }
    let mut bytes = 0;
    let mut ids = HashSet::with_capacity(count);
    for event in batch.iter().flat_map(|part| &part.events) {
        limits.check_event(event.size()).or_else(refuse)?;
        if !ids.insert(event.id) {
            return refuse(format!("event id {} is in it twice", event.id));
        }
        bytes += event.size();
    }
    if bytes > limits.batch_bytes {
        let most = limits.batch_bytes;
        return refuse(format!("{bytes} bytes at once, the log takes {most}"));
    }
    Ok(())
}

/// The first result of a batch, when every id of it is known; `None` when none is.
///
/// `known` returns whether an id is in that stream, and where.
///
/// # Errors
/// [`AppendError::IdReused`] when only some are known, or one is in another stream: no answer to
/// such a batch would be correct.
pub fn first_result(
    batch: &[Append],
    known: impl Fn(&StreamName, Uuid) -> Option<(bool, Receipt)>,
) -> Result<Option<Appended>, AppendError> {
    let mut receipts = Vec::new();
    let mut fresh = false;
    let mut reused: Option<(bool, Uuid, Position)> = None;
    for Append { stream, events, .. } in batch {
        for event in events {
            match known(stream, event.id) {
                None => fresh = true,
                Some((here, receipt)) => {
                    // An id in another stream takes precedence.
                    if reused.is_none_or(|(all_here, ..)| all_here) {
                        reused = Some((here, event.id, receipt.position));
                    }
                    receipts.push(receipt);
                }
            }
        }
    }
    match reused {
        None => Ok(None),
        Some((true, ..)) if !fresh => Ok(Some(Appended {
            receipts,
            repeated: true,
        })),
        Some((_, id, position)) => Err(AppendError::IdReused { id, position }),
    }
}

/// Checks what a batch expects, each part seeing its stream as the parts before it leave it.
///
/// # Errors
/// [`AppendError::Conflict`] for the first part that is not as expected.
pub fn check_expectations(
    batch: &[Append],
    head_of: impl Fn(&StreamName) -> Option<Revision>,
) -> Result<(), AppendError> {
    let mut moved: HashMap<&StreamName, Revision> = HashMap::new();
    for Append {
        stream,
        expected,
        events,
    } in batch
    {
        let actual = moved.get(stream).copied().or_else(|| head_of(stream));
        if !expected.admits(actual) {
            return Err(AppendError::Conflict {
                stream: stream.clone(),
                expected: *expected,
                actual,
            });
        }
        let first = actual.map_or(0, |revision| revision.0 + 1);
        moved.insert(stream, Revision(first + events.len() as u64 - 1));
    }
    Ok(())
}
