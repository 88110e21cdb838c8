//! What can go wrong with a blob, by what a caller can do about it.

use crate::Digest;

/// Why a blob was not stored or not read. A blob that is not there is no error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// The content stored under this digest has another digest: an operator must look.
    #[error("blob {digest} is damaged: {reason}")]
    Fault {
        /// The requested blob.
        digest: Digest,
        /// What was found instead.
        reason: String,
    },
    /// The body is bigger than the caller, or this crate, is willing to hold.
    #[error("a blob of {size} bytes exceeds the limit of {size_max}")]
    TooBig {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        size_max: u64,
    },
    /// The store cannot be reached, is full, or does not let us in. Trying later may help.
    #[error("blobs are unavailable: {reason}")]
    Unavailable {
        /// The store's message; not for clients.
        reason: String,
    },
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        Self::Unavailable {
            reason: error.to_string(),
        }
    }
}

impl From<std::io::Error> for BlobError {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable {
            reason: error.to_string(),
        }
    }
}
