//! Reading lines.

use std::borrow::Cow;

use eventlog::{EventType, NewEvent, Position, Revision, StreamName};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::End;
use super::bytes_field::{bytes_of, decode};

/// What a line holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    Event(Box<IncomingEvent>),
    Blob { digest: String, bytes: Vec<u8> },
    End(End),
}

/// An event, and where it stood in the log that it comes from.
#[derive(Debug, PartialEq)]
pub(crate) struct IncomingEvent {
    pub position: Option<Position>,
    pub stream: StreamName,
    pub revision: Revision,
    pub event: NewEvent,
}

/// Reads one line without its line break.
///
/// # Errors
/// What is wrong with it, for the sender of the file.
pub(crate) fn parse(line: &[u8]) -> Result<Incoming, String> {
    let text = std::str::from_utf8(line).map_err(|error| format!("not UTF-8: {error}"))?;
    // The first field names the kind of the line, so that an event is read only once.
    if text.starts_with("{\"blob\":") {
        let blob: BlobLine<'_> = shaped(text)?;
        return Ok(Incoming::Blob {
            digest: blob.blob,
            bytes: decode(&blob.base64)?,
        });
    }
    if text.starts_with("{\"end\":") {
        return shaped(text).map(|EndLine { end }| Incoming::End(end));
    }
    event_of(shaped(text)?).map(|event| Incoming::Event(Box::new(event)))
}

fn shaped<'l, T: Deserialize<'l>>(text: &'l str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("not a line of an export: {error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlobLine<'l> {
    blob: String,
    #[serde(borrow)]
    base64: Cow<'l, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine<'l> {
    position: Option<Position>,
    stream: StreamName,
    revision: Revision,
    id: Uuid,
    #[serde(rename = "type")]
    event_type: EventType,
    version: u16,
    recorded_at: i64,
    #[serde(borrow, default, deserialize_with = "present")]
    metadata: Option<&'l RawValue>,
    metadata_text: Option<String>,
    #[serde(borrow)]
    metadata_base64: Option<Cow<'l, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'l RawValue>,
    data_text: Option<String>,
    #[serde(borrow)]
    data_base64: Option<Cow<'l, str>>,
}

/// A field that is there, also when its value is `null`.
fn present<'l, D: Deserializer<'l>>(deserializer: D) -> Result<Option<&'l RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn event_of(line: EventLine<'_>) -> Result<IncomingEvent, String> {
    let recorded_at = Timestamp::from_microsecond(line.recorded_at)
        .map_err(|error| format!("`recorded_at`: {error}"))?;
    if line.version == 0 {
        return Err("`version` begins at 1".to_owned());
    }
    let metadata_base64 = line.metadata_base64.as_deref();
    let metadata = bytes_of(
        "metadata",
        line.metadata,
        line.metadata_text,
        metadata_base64,
    )?;
    let data_base64 = line.data_base64.as_deref();
    let data = bytes_of("data", line.data, line.data_text, data_base64)?;
    let event = NewEvent {
        id: line.id,
        event_type: line.event_type,
        version: line.version,
        metadata,
        data,
        recorded_at: Some(recorded_at),
    };
    Ok(IncomingEvent {
        position: line.position,
        stream: line.stream,
        revision: line.revision,
        event,
    })
}
