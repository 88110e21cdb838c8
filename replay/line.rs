//! One line of an export; `FORMAT.md` describes it for people.

mod bytes_field;
mod read;
mod sum;
mod write;

pub(crate) use read::{Incoming, IncomingEvent, parse};
pub(crate) use sum::{Complaint, Sum};
pub(crate) use write::{push_blob, push_end, push_event};

use serde::{Deserialize, Serialize};

/// How an export that says so ends: without it the copy is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// How many event lines stand above.
    pub events: u64,
    /// How many blob lines stand above.
    pub blobs: u64,
    /// BLAKE3 of all lines above, each with one line feed.
    #[serde(default)]
    pub digest: Option<String>,
    /// How the digest of the lines so far began after every ten thousandth line.
    #[serde(default)]
    pub checkpoints: Vec<String>,
}

#[cfg(test)]
mod tests;
