//! Bodies from outside, which always have a maximum.

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::Problem;

mod arrival;
mod depth;
mod inflate;

pub(crate) use arrival::Arrival;
pub use depth::{JSON_DEPTH_MAX, check_depth};

/// How much of a body that is too large is read before the answer.
const DRAINED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Reads a body, whatever it is, and undoes `Content-Encoding: gzip`. Neither the bytes that arrive
/// nor those that come out may be more than `bytes_max`.
///
/// # Errors
/// 413 when it is larger, 415 for another encoding, 400 when it breaks off or is no gzip.
pub async fn read_body(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, Problem> {
    let gzip = inflate::is_gzip(headers)?;
    let bytes = collect(headers, body, bytes_max).await?;
    if gzip {
        inflate::gzip(&bytes, bytes_max)
    } else {
        Ok(bytes)
    }
}

/// Reads a body as it arrives, without undoing any encoding: what a signature is computed over.
///
/// # Errors
/// 413 when it is larger than `bytes_max`, 400 when it breaks off.
pub async fn collect(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut body = body;
    if is_declared_larger(headers, bytes_max) {
        // What is declared as too large is never held in memory.
        drain(headers, &mut body, DRAINED_BYTES_MAX).await;
        return Err(too_large(bytes_max));
    }
    match Limited::new(&mut body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            drain(headers, &mut body, DRAINED_BYTES_MAX).await;
            Err(too_large(bytes_max))
        }
        Err(_) => Err(Problem::bad_request("the body broke off")),
    }
}

/// Reads and drops the body of a request that is refused anyway: many clients read no answer before
/// they have sent everything, and would see a broken connection instead of the reason. The size
/// limit is that of [`collect`], so that the answer does not reveal another reason for the refusal.
///
/// # Errors
/// 413 when it is larger than `bytes_max`.
pub async fn discard(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<(), Problem> {
    let mut body = body;
    let is_larger =
        is_declared_larger(headers, bytes_max) || !drain(headers, &mut body, bytes_max).await;
    if is_larger {
        drain(headers, &mut body, DRAINED_BYTES_MAX).await;
        return Err(too_large(bytes_max));
    }
    Ok(())
}

fn is_declared_larger(headers: &HeaderMap, bytes_max: usize) -> bool {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    declared.is_some_and(|length| length > bytes_max as u64)
}

/// Reads what is left of a body and throws it away, up to a limit. Gives whether it ended within
/// it.
///
/// Nothing is read from a client that waits for `100 Continue`: it gets the answer instead, and the
/// first read would make it send the body.
pub async fn drain(headers: &HeaderMap, body: &mut Body, bytes_max: usize) -> bool {
    if awaits_continue(headers) {
        return true;
    }
    let mut left = bytes_max;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(still) = left.checked_sub(size) else {
            return false;
        };
        left = still;
    }
    true
}

fn awaits_continue(headers: &HeaderMap) -> bool {
    headers
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Undoes `Content-Encoding` on a body that was read by [`collect`].
///
/// # Errors
/// As [`read_body`].
pub fn decode(headers: &HeaderMap, bytes: Bytes, bytes_max: usize) -> Result<Bytes, Problem> {
    if !headers.contains_key(CONTENT_ENCODING) || !inflate::is_gzip(headers)? {
        return Ok(bytes);
    }
    inflate::gzip(&bytes, bytes_max)
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::too_large(format!("a body may have {bytes_max} bytes at most"))
}

#[cfg(test)]
mod tests;
