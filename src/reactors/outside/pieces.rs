//! The body of a response in pieces, decompressed where a proxy compressed it unrequested.

use std::io::Write;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;

use super::{AskError, Outside, foreign};

/// How much is unzipped at once, in bytes: a few thousand times as much may come out, and no more.
const ZIPPED_BYTES_MAX: usize = 4096;

/// The body of a response.
pub(crate) struct Pieces<'a> {
    outside: &'a Outside,
    response: Response,
    unzip: Option<MultiGzDecoder<Vec<u8>>>,
    zipped: Bytes,
}

impl<'a> Pieces<'a> {
    pub(super) fn of(outside: &'a Outside, response: Response) -> Result<Self, AskError> {
        let encoding = response.headers().get(CONTENT_ENCODING);
        let encoding = encoding.map_or(&b"identity"[..], |encoding| encoding.as_bytes());
        let unzip = match encoding.to_ascii_lowercase().as_slice() {
            b"identity" | b"" => None,
            b"gzip" | b"x-gzip" => Some(MultiGzDecoder::new(Vec::new())),
            other => {
                let other = foreign(&String::from_utf8_lossy(other));
                let reason = format!("answered in the encoding `{other}`, which was not requested");
                return Err(outside.transport(reason));
            }
        };
        Ok(Self {
            outside,
            response,
            unzip,
            zipped: Bytes::new(),
        })
    }

    /// The next piece; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, AskError> {
        loop {
            if !self.zipped.is_empty() {
                let unzipped = self.unzip_some()?;
                if !unzipped.is_empty() {
                    return Ok(Some(unzipped));
                }
                continue;
            }
            let chunk = self.response.chunk().await;
            match (
                chunk.map_err(|error| self.outside.broken(error))?,
                &self.unzip,
            ) {
                (Some(chunk), None) => return Ok(Some(chunk)),
                (None, None) => return Ok(None),
                (Some(chunk), Some(_)) => self.zipped = chunk,
                (None, Some(_)) => return self.unzip_rest(),
            }
        }
    }

    fn unzip_some(&mut self) -> Result<Bytes, AskError> {
        let some = self
            .zipped
            .split_to(self.zipped.len().min(ZIPPED_BYTES_MAX));
        let Some(unzip) = &mut self.unzip else {
            return Ok(some);
        };
        let written = unzip.write_all(&some);
        let unzipped = std::mem::take(unzip.get_mut());
        written.map_err(|error| self.not_zipped(&error))?;
        Ok(unzipped.into())
    }

    fn unzip_rest(&mut self) -> Result<Option<Bytes>, AskError> {
        let Some(mut unzip) = self.unzip.take() else {
            return Ok(None);
        };
        // Fails where the last part has no end.
        unzip
            .try_finish()
            .map_err(|error| self.not_zipped(&error))?;
        let rest = std::mem::take(unzip.get_mut());
        Ok((!rest.is_empty()).then(|| rest.into()))
    }

    fn not_zipped(&self, error: &std::io::Error) -> AskError {
        let reason = format!("broke off: not readable as gzip: {error}");
        self.outside.transport(reason)
    }
}
