//! A text that may be too big for an event.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::BlobRef;

/// A script or a log: in the event when it is short, else in the blob store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongText {
    /// The text, of at most [`LongText::INLINE_BYTES_MAX`].
    Inline(String),
    /// Where its UTF-8 bytes are.
    Blob(BlobRef),
}

impl LongText {
    /// The longest text that is stored in an event.
    pub const INLINE_BYTES_MAX: usize = 64 * 1024;

    /// Whether it may be stored in an event.
    #[must_use]
    pub fn fits(&self) -> bool {
        match self {
            Self::Inline(text) => text.len() <= Self::INLINE_BYTES_MAX,
            Self::Blob(_) => true,
        }
    }

    /// Where it is, when it is not here.
    #[must_use]
    pub fn blob(&self) -> Option<&BlobRef> {
        match self {
            Self::Inline(_) => None,
            Self::Blob(blob) => Some(blob),
        }
    }
}

impl Default for LongText {
    fn default() -> Self {
        Self::Inline(String::new())
    }
}

impl fmt::Debug for LongText {
    /// Prints only the length: scripts and logs may hold what a log line must not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(text) => write!(f, "LongText({} bytes)", text.len()),
            Self::Blob(blob) => write!(f, "LongText({} bytes, {})", blob.size, blob.digest),
        }
    }
}

#[cfg(test)]
mod tests;
