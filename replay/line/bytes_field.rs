//! Bytes inside a line of JSON, so that they come out as they went in.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;

/// The three forms of bytes in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form<'b> {
    /// One JSON text on one line, copied as it is.
    Json(&'b str),
    /// They are UTF-8 of some other kind: a string.
    Text(&'b str),
    /// They are no text.
    Binary(&'b [u8]),
}

impl<'b> Form<'b> {
    /// The plainest form that loses nothing.
    pub(crate) fn of(bytes: &'b [u8]) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Binary(bytes);
        };
        // White space around a value is not part of it and would be lost, and a line break inside
        // one would end the line.
        let one_line = !bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
        let whole = |raw: &RawValue| raw.get().len() == text.len();
        match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) if one_line && whole(raw) => Self::Json(text),
            Ok(_) | Err(_) => Self::Text(text),
        }
    }
}

/// The bytes of a field that a line has in exactly one of its forms.
pub(crate) fn bytes_of(
    name: &str,
    json: Option<&RawValue>,
    text: Option<String>,
    base64: Option<&str>,
) -> Result<Bytes, String> {
    match (json, text, base64) {
        (Some(raw), None, None) => Ok(Bytes::copy_from_slice(raw.get().as_bytes())),
        (None, Some(text), None) => Ok(Bytes::from(text)),
        (None, None, Some(base64)) => decode(base64).map(Bytes::from),
        (None, None, None) => Err(format!("`{name}` is missing")),
        _ => Err(format!("`{name}` is there more than once")),
    }
}

pub(crate) fn encode_into(bytes: &[u8], line: &mut Vec<u8>) {
    line.extend_from_slice(BASE64_STANDARD.encode(bytes).as_bytes());
}

pub(crate) fn decode(base64: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD
        .decode(base64)
        .map_err(|error| format!("not base64: {error}"))
}
