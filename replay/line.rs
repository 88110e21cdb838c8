//! One line of an export; `FORMAT.md` describes it for people.

mod bytes_field;
mod read;
mod sum;
mod write;

pub(crate) use read::{Incoming, IncomingEvent, parse};
pub(crate) use sum::{Complaint, Sum};
pub(crate) use write::{push_blob, push_end, push_event};

use serde::{Deserialize, Serialize};

/// The end of an export with an end line: without it the copy is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// The number of event lines above.
    pub events: u64,
    /// The number of blob lines above.
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
