//! Bodies that are too big for an event, named by what they hold.
//!
//! A blob's name is the BLAKE3 digest of its bytes: the same body is kept once, a reference in an
//! event never changes its meaning, and a reader detects damage. This crate knows nothing of the
//! domain and never decides which bodies are still needed.
//!
//! Start with [`Blobs`]. The promises of every store are in [`conformance`].

pub mod conformance;
mod digest;
mod error;
mod local;
mod s3;
mod store;

use serde::{Deserialize, Serialize};

pub use digest::{Digest, NotADigest};
pub use error::BlobError;
pub use s3::S3Config;
pub use store::{Blobs, Listed};

/// The biggest blob that is taken, in bytes. A blob is held in memory while it is read or written.
pub const BLOB_BYTES_MAX: u64 = 64 << 20;

/// What an event keeps of a big body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlobRef {
    /// BLAKE3 of the bytes; 64 lower-case hexadecimal digits in text.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
}
