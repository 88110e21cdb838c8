//! Scripts and logs, which stand in an event while they are short and beside the log when they are not.

use blobs::{BLOB_BYTES_MAX, BlobError};
use bytes::Bytes;
use domain::{BlobRef, LongText};
use web::{House, Problem};

use crate::refusal::{Refusal, Told};

/// The text, wherever it is.
///
/// # Errors
/// 503 when it cannot be read at present, 500 when it is lost.
pub(crate) async fn read(house: &House, text: &LongText) -> Told<String> {
    let blob = match text {
        LongText::Inline(text) => return Ok(text.clone()),
        LongText::Blob(blob) => blob,
    };
    let lost = |reason: &str| {
        let digest = &blob.digest;
        tracing::error!(digest, reason, "the text {digest} cannot be read: {reason}");
        Refusal::House(Problem::internal("a text is lost"))
    };
    let digest = blob.digest.parse().map_err(|_| lost("it has no digest"))?;
    match house.blobs.get(digest, BLOB_BYTES_MAX).await {
        Ok(Some(bytes)) => String::from_utf8(bytes.into()).map_err(|_| lost("it is not UTF-8")),
        Ok(None) => Err(lost("it is not there")),
        Err(BlobError::Unavailable { reason }) => Err(unavailable(&reason)),
        Err(error) => Err(lost(&error.to_string())),
    }
}

/// Keeps a text where it belongs. It is durable before anything refers to it.
///
/// # Errors
/// 503 when it cannot be kept at present.
pub(crate) async fn keep(house: &House, text: String) -> Told<LongText> {
    if text.len() <= LongText::INLINE_BYTES_MAX {
        return Ok(LongText::Inline(text));
    }
    match house.blobs.put(Bytes::from(text)).await {
        Ok(blob) => Ok(LongText::Blob(BlobRef {
            digest: blob.digest.to_string(),
            size: blob.size,
        })),
        Err(error) => Err(unavailable(&error.to_string())),
    }
}

fn unavailable(reason: &str) -> Refusal {
    tracing::error!(reason, "long texts are out of reach: {reason}");
    let problem = Problem::unavailable("long texts are out of reach at present");
    Refusal::House(problem.retry_after(5))
}
