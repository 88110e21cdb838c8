//! What the promises are tried with.

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    Append, AppendError, Appended, EventLog, EventType, Expected, Filter, NewEvent, Page,
    PageLimit, Position, Recorded, Revision, StreamName,
};

/// The stream `run-<number>`.
#[must_use]
pub fn run(number: u64) -> StreamName {
    stream("run", number)
}

/// The stream `<category>-<number>`.
#[must_use]
pub fn stream(category: &str, number: u64) -> StreamName {
    StreamName::new(category, &number.to_string()).expect("a category and a number make a name")
}

/// An event whose id and content follow from a number. Ids of even numbers are of version 7, those
/// of odd ones of version 5, because a backend may keep the two in different places.
#[must_use]
pub fn event(number: u64) -> NewEvent {
    NewEvent {
        id: id(number),
        event_type: EventType::parse(format!("run.kind_{}", number % 3))
            .expect("a word and a digit make a type"),
        version: 1 + (number % 2) as u16,
        metadata: Bytes::from(format!("{{\"n\":{number}}}")),
        data: Bytes::from(format!("{{\"number\":{number},\"filler\":\"{:60}\"}}", "")),
        recorded_at: None,
    }
}

/// The id of [`event`].
#[must_use]
pub fn id(number: u64) -> Uuid {
    let version = if number.is_multiple_of(2) { 7 } else { 5 };
    uuid::Builder::from_u128(u128::from(number) << 64 | u128::from(number))
        .with_version(match version {
            7 => uuid::Version::SortRand,
            _ => uuid::Version::Sha1,
        })
        .with_variant(uuid::Variant::RFC4122)
        .into_uuid()
}

/// Events with these numbers for one stream.
pub fn part(
    stream: &StreamName,
    expected: Expected,
    numbers: impl IntoIterator<Item = u64>,
) -> Append {
    Append {
        stream: stream.clone(),
        expected,
        events: numbers.into_iter().map(event).collect(),
    }
}

/// Appends, which must succeed.
pub async fn append(log: &dyn EventLog, batch: Vec<Append>) -> Appended {
    log.append(batch)
        .await
        .expect("this batch is as it should be")
}

/// Appends events with these numbers to one stream, whatever it holds, which must succeed.
pub async fn append_any(
    log: &dyn EventLog,
    stream: &StreamName,
    numbers: impl IntoIterator<Item = u64>,
) -> Appended {
    append(log, vec![part(stream, Expected::Any, numbers)]).await
}

/// Appends, which must not succeed.
pub async fn refused(log: &dyn EventLog, batch: Vec<Append>) -> AppendError {
    log.append(batch)
        .await
        .expect_err("this batch is not as it should be")
}

/// A page upwards, which must be readable.
pub async fn page(log: &dyn EventLog, after: Position, filter: &Filter, limit: PageLimit) -> Page {
    log.read_all(after, filter, limit)
        .await
        .expect("the log can be read")
}

/// A page downwards, which must be readable.
pub async fn page_back(
    log: &dyn EventLog,
    before: Position,
    filter: &Filter,
    limit: PageLimit,
) -> Page {
    log.read_all_back(before, filter, limit)
        .await
        .expect("the log can be read")
}

/// Everything that is in the log.
pub async fn everything(log: &dyn EventLog) -> Vec<Recorded> {
    let mut events = Vec::new();
    let mut after = Position::START;
    loop {
        let page = page(log, after, &Filter::all(), PageLimit::default()).await;
        events.extend(page.events);
        after = page.next;
        if page.end {
            return events;
        }
    }
}

/// A whole stream.
pub async fn whole(log: &dyn EventLog, stream: &StreamName) -> Vec<Recorded> {
    log.read_stream(stream, Revision::FIRST, usize::MAX)
        .await
        .expect("the log can be read")
}

/// Asserts that an event is the one with this number.
#[track_caller]
pub fn assert_is(event: &Recorded, number: u64) {
    let wanted = self::event(number);
    assert_eq!(event.id, wanted.id);
    assert_eq!(event.event_type, wanted.event_type);
    assert_eq!(event.version, wanted.version);
    assert_eq!(event.metadata, wanted.metadata);
    assert_eq!(event.data, wanted.data);
}

/// A log of 300 events: batches of 1 to 7 events, over 11 streams of two categories.
pub async fn fill(log: &dyn EventLog) -> Vec<Recorded> {
    let mut number = 0;
    while number < 300 {
        let end = (number + 1 + number % 7).min(300);
        let category = if number % 2 == 0 { "run" } else { "job" };
        let target = stream(category, number % 11);
        append_any(log, &target, number..end).await;
        number = end;
    }
    let events = everything(log).await;
    assert_eq!(events.len(), 300);
    events
}
