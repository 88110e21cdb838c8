//! The name of a build.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A build as its source numbers it. Written `source:number`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct BuildKey {
    source: String,
    number: i64,
}

/// Why a text does not name a build.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The source is empty, too long, or holds something else than letters, digits, `.`, `_`, `-`
    /// and `@`.
    #[error("a source is 1 to 128 letters, digits, `.`, `_`, `-` or `@`")]
    Source,
    /// The number is none.
    #[error("a build is written `source:number`, for example `default:9892514`")]
    Number,
}

impl BuildKey {
    /// The source that a bare number belongs to.
    pub const DEFAULT_SOURCE: &'static str = "default";

    /// The longest name of a source, in bytes.
    pub const SOURCE_BYTES_MAX: usize = 128;

    /// Names a build.
    ///
    /// # Errors
    /// [`KeyError::Source`] when the source cannot be part of a stream's name.
    pub fn new(source: &str, number: i64) -> Result<Self, KeyError> {
        let fits = (1..=Self::SOURCE_BYTES_MAX).contains(&source.len());
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
        if !fits || !source.chars().all(plain) {
            return Err(KeyError::Source);
        }
        Ok(Self {
            source: source.to_owned(),
            number,
        })
    }

    /// Who numbered it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its number there.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }
}

impl fmt::Display for BuildKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.number)
    }
}

impl FromStr for BuildKey {
    type Err = KeyError;

    /// Reads `source:number`, or a bare number of the default source.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (source, number) = text
            .rsplit_once(':')
            .unwrap_or((Self::DEFAULT_SOURCE, text));
        Self::new(source, number.parse().map_err(|_| KeyError::Number)?)
    }
}

impl From<BuildKey> for String {
    fn from(key: BuildKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for BuildKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests;
