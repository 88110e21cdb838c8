//! Names of kinds of events: `category.past_participle`.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::NameError;

/// The longest name of an event's type, in bytes of UTF-8.
pub const EVENT_TYPE_BYTES_MAX: usize = 128;

/// What kind of event this is, for example `build.reported`. The log compares it and knows no more.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EventType(ByteString);

impl EventType {
    /// A type that is written out in the program.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(ByteString::from_static(name))
    }

    /// Takes a name from outside.
    ///
    /// # Errors
    /// When it is empty, longer than [`EVENT_TYPE_BYTES_MAX`], or holds a control character.
    pub fn parse(name: impl Into<ByteString>) -> Result<Self, NameError> {
        let name = name.into();
        if name.is_empty() {
            return Err(NameError::Shape);
        }
        if name.len() > EVENT_TYPE_BYTES_MAX {
            return Err(NameError::TooLong {
                bytes: name.len(),
                bytes_max: EVENT_TYPE_BYTES_MAX,
            });
        }
        if name.chars().any(char::is_control) {
            return Err(NameError::ControlCharacter);
        }
        Ok(Self(name))
    }

    /// Takes a name that was checked when it was written, and whose bytes a checksum covers.
    ///
    /// # Errors
    /// When the bytes are not UTF-8.
    pub fn from_trusted_bytes(bytes: Bytes) -> Result<Self, NameError> {
        ByteString::try_from(bytes)
            .map(Self)
            .map_err(|_| NameError::Utf8)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(ByteString::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
