//! Blobs as the tools need them.

use blobs::{BLOB_BYTES_MAX, BlobError, Blobs, Digest};
use bytes::Bytes;
use domain::BlobRef;

use crate::ToolError;

/// The blob that an event names, `None` when there is none or the name is none.
pub(crate) async fn bytes_of(blobs: &Blobs, blob: &BlobRef) -> Result<Option<Bytes>, ToolError> {
    let Ok(digest) = blob.digest.parse::<Digest>() else {
        return Ok(None);
    };
    let found = blobs.get(digest, BLOB_BYTES_MAX).await;
    found.map_err(|error| failed(digest, &error))
}

/// Refuses bytes that another name belongs to.
pub(crate) fn check(name: &str, bytes: &[u8]) -> Result<(), String> {
    let digest: Digest = name
        .parse()
        .map_err(|_| format!("`{name}` is not a digest"))?;
    let actual = Digest::of(bytes);
    if actual == digest {
        Ok(())
    } else {
        Err(format!(
            "the bytes of blob {digest} have the digest {actual}"
        ))
    }
}

/// Keeps bytes whose name was checked.
pub(crate) async fn keep(blobs: &Blobs, bytes: Vec<u8>) -> Result<(), ToolError> {
    let digest = Digest::of(&bytes);
    let kept = blobs.put(Bytes::from(bytes)).await;
    kept.map(drop).map_err(|error| failed(digest, &error))
}

fn failed(digest: Digest, error: &BlobError) -> ToolError {
    ToolError::Blob {
        digest: digest.to_string(),
        reason: error.to_string(),
    }
}
