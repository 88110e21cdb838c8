//! An event, as the API shows it.

use eventlog::Recorded;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::redacted::redacted;

/// An event of the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StoredEvent {
    /// Its position in the log.
    pub position: u64,
    /// Its id.
    pub id: Uuid,
    /// Its stream.
    #[schema(example = "build-default:9892514")]
    pub stream: String,
    /// Its revision in the stream, from 0.
    pub revision: u64,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "build.reported")]
    pub event_type: String,
    /// The version of its shape.
    pub version: u16,
    /// When it was written to the log.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// Its data, exactly as written, but with passwords, secrets and hashes of tokens hidden.
    #[schema(value_type = Object)]
    pub data: Json,
    /// Its metadata: actor, interface, cause, request.
    #[schema(value_type = Object)]
    pub metadata: Json,
}

/// A page of events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events.
    pub items: Vec<StoredEvent>,
    /// Cursor of the next page; none on the last page. A page may be empty and yet have a next one.
    pub next: Option<String>,
}

/// JSON that is passed on byte for byte.
#[derive(Clone, Debug)]
pub struct Json(Box<RawValue>);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Json {
    fn of(bytes: &[u8]) -> Self {
        // Another program may have written data that is not JSON; it is shown as text.
        let raw = serde_json::from_slice(bytes)
            .or_else(|_| to_raw_value(&String::from_utf8_lossy(bytes)))
            .unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self(raw)
    }
}

impl StoredEvent {
    /// Shows an event.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Self {
        Self {
            position: recorded.position.0,
            id: recorded.id,
            stream: recorded.stream.to_string(),
            revision: recorded.revision.0,
            event_type: recorded.event_type.as_str().to_owned(),
            version: recorded.version,
            recorded_at: recorded.recorded_at,
            data: match redacted(recorded.stream.category(), &recorded.data) {
                Some(value) => Json::of(value.to_string().as_bytes()),
                None => Json::of(&recorded.data),
            },
            metadata: Json::of(&recorded.metadata),
        }
    }
}
