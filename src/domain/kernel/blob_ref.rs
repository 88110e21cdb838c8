//! A body that is too big for an event, named by what it holds.

use serde::{Deserialize, Serialize};

/// Where the bytes of a big body are: in the blob store, under their digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobRef {
    /// BLAKE3 of the bytes, 64 hexadecimal digits.
    pub digest: String,
    /// How many bytes.
    pub size: u64,
}
