//! Undoing gzip, with a bound on what comes out: a kilobyte can inflate to a gigabyte.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::Problem;

/// Whether the body is gzip. Several encodings on top of each other are not taken.
pub(super) fn is_gzip(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else {
        return Ok(false);
    };
    match encoding.as_bytes().to_ascii_lowercase().trim_ascii() {
        b"" | b"identity" => Ok(false),
        b"gzip" | b"x-gzip" => Ok(true),
        _ => Err(Problem::unsupported_media_type(
            "of all content encodings only gzip is understood",
        )),
    }
}

pub(super) fn gzip(bytes: &[u8], bytes_max: usize) -> Result<Bytes, Problem> {
    let mut inflated = Vec::with_capacity((bytes.len() * 4).min(bytes_max));
    let limit = bytes_max as u64 + 1;
    MultiGzDecoder::new(bytes)
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|_| Problem::bad_request("the body is not the gzip that it says it is"))?;
    if inflated.len() > bytes_max {
        return Err(super::too_large(bytes_max));
    }
    Ok(inflated.into())
}
