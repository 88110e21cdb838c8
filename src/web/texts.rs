//! Long texts such as scripts: short ones are stored in the event, longer ones as blobs.

use blobs::{BLOB_BYTES_MAX, BlobError, Digest};
use bytes::Bytes;
use domain::{BlobRef, LongText};

use crate::{App, Problem};

impl App {
    /// Keeps a text where it belongs. It is durable before anything refers to it.
    ///
    /// # Errors
    /// 503 when it cannot be kept at present.
    pub async fn keep_text(&self, text: String) -> Result<LongText, Problem> {
        if text.len() <= LongText::INLINE_BYTES_MAX {
            return Ok(LongText::Inline(text));
        }
        match self.blobs.put(Bytes::from(text)).await {
            Ok(blob) => Ok(LongText::Blob(BlobRef {
                digest: blob.digest.to_string(),
                size: blob.size,
            })),
            Err(error) => Err(unavailable(&error.to_string())),
        }
    }

    /// How a text would be referred to, without keeping it.
    #[must_use]
    pub fn name_text(text: String) -> LongText {
        if text.len() <= LongText::INLINE_BYTES_MAX {
            return LongText::Inline(text);
        }
        LongText::Blob(BlobRef {
            digest: Digest::of(text.as_bytes()).to_string(),
            size: text.len() as u64,
        })
    }

    /// The text, wherever it is.
    ///
    /// # Errors
    /// 503 when it cannot be read at present, 500 when it is lost.
    pub async fn read_text(&self, text: &LongText) -> Result<String, Problem> {
        let blob = match text {
            LongText::Inline(text) => return Ok(text.clone()),
            LongText::Blob(blob) => blob,
        };
        let lost = |reason: &str| {
            let digest = &blob.digest;
            tracing::error!(digest, reason, "the text {digest} cannot be read: {reason}");
            Problem::internal("a text is lost")
        };
        let digest = blob.digest.parse().map_err(|_| lost("it has no digest"))?;
        match self.blobs.get(digest, BLOB_BYTES_MAX).await {
            Ok(Some(bytes)) => String::from_utf8(bytes.into()).map_err(|_| lost("it is not UTF-8")),
            Ok(None) => Err(lost("it is not there")),
            Err(BlobError::Unavailable { reason }) => Err(unavailable(&reason)),
            Err(error) => Err(lost(&error.to_string())),
        }
    }
}

fn unavailable(reason: &str) -> Problem {
    tracing::error!(reason, "long texts are out of reach: {reason}");
    Problem::unavailable("long texts are out of reach at present").retry_after(5)
}
