//! Names of streams: `category-key`.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::NameError;

/// The longest name of a stream, in bytes of UTF-8.
pub const STREAM_NAME_BYTES_MAX: usize = 512;

/// The name of a stream: a category without a hyphen, a hyphen, and a key that is not empty.
///
/// Cloning is cheap: names that a log reads share the buffer they were read into.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StreamName(ByteString);

impl StreamName {
    /// Joins a category and a key.
    ///
    /// # Errors
    /// As [`StreamName::parse`]; the category must not contain a hyphen.
    pub fn new(category: &str, key: &str) -> Result<Self, NameError> {
        if category.contains('-') {
            return Err(NameError::Category);
        }
        Self::parse(format!("{category}-{key}"))
    }

    /// Takes a whole name.
    ///
    /// # Errors
    /// When it is longer than [`STREAM_NAME_BYTES_MAX`], has no category or no key, or holds a
    /// control character.
    pub fn parse(name: impl Into<ByteString>) -> Result<Self, NameError> {
        let name = name.into();
        if name.len() > STREAM_NAME_BYTES_MAX {
            return Err(NameError::TooLong {
                bytes: name.len(),
                bytes_max: STREAM_NAME_BYTES_MAX,
            });
        }
        if name.chars().any(char::is_control) {
            return Err(NameError::ControlCharacter);
        }
        match name.split_once('-') {
            Some((category, key)) if !category.is_empty() && !key.is_empty() => Ok(Self(name)),
            _ => Err(NameError::Shape),
        }
    }

    /// Takes a name out of a buffer that a log has read, without copying it.
    ///
    /// # Errors
    /// As [`StreamName::parse`], and when the bytes are not UTF-8.
    pub fn from_bytes(bytes: Bytes) -> Result<Self, NameError> {
        Self::parse(ByteString::try_from(bytes).map_err(|_| NameError::Utf8)?)
    }

    /// Takes a name that was checked when it was written, and whose bytes a checksum covers.
    ///
    /// A replay reads millions of names; only their encoding is checked again.
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

    /// The part before the first hyphen.
    #[must_use]
    pub fn category(&self) -> &str {
        self.0
            .split_once('-')
            .map_or(self.as_str(), |(category, _)| category)
    }

    /// The part after the first hyphen.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, key)| key)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl<'de> Deserialize<'de> for StreamName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(ByteString::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
