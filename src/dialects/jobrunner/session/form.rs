//! The login form.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde::Deserialize;
use web::Problem;

use crate::parameters::Parameters;

/// The largest form that is read.
pub(super) const FORM_BYTES_MAX: usize = 16 * 1024;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    pub(super) username: String,
    pub(super) password: SecretString,
    /// The token that stood in the page.
    #[serde(rename = "csrfmiddlewaretoken")]
    pub(super) csrf: String,
    /// Where to go afterwards.
    pub(super) next: String,
    /// Whether a program has sent it, and not a page.
    #[serde(skip)]
    pub(super) is_json: bool,
}

impl Form {
    /// Reads what was sent, as pages and as programs send it.
    ///
    /// # Errors
    /// 415 for anything else, 400 when it is malformed. Its content is never repeated in an answer.
    pub(super) fn read(headers: &HeaderMap, body: &Bytes) -> Result<Self, Problem> {
        let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
        let kind = kind.unwrap_or_default();
        let kind = kind.split(|&b| b == b';').next().unwrap_or_default();
        let malformed = || Problem::bad_request("the form is malformed");
        match kind.trim_ascii().to_ascii_lowercase().as_slice() {
            b"application/x-www-form-urlencoded" => {
                let text = str::from_utf8(body).map_err(|_| malformed())?;
                let fields = Parameters::read(text).map_err(|_| malformed())?;
                let field = |name| fields.last(name).unwrap_or_default().to_owned();
                Ok(Self {
                    username: field("username"),
                    password: SecretString::from(field("password")),
                    csrf: field("csrfmiddlewaretoken"),
                    next: field("next"),
                    is_json: false,
                })
            }
            // A list of two texts is no form either, though its parts would fit.
            b"application/json" if body.trim_ascii_start().starts_with(b"{") => {
                let mut form: Self = serde_json::from_slice(body).map_err(|_| malformed())?;
                form.is_json = true;
                Ok(form)
            }
            b"application/json" => Err(malformed()),
            _ => Err(Problem::unsupported_media_type(
                "send application/x-www-form-urlencoded or application/json",
            )),
        }
    }

    /// The redirect afterwards: always a path of this server.
    pub(super) fn destination(&self) -> &str {
        destination(&self.next)
    }
}

/// A path of this server; the root for anything that could lead elsewhere.
pub(super) fn destination(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_path && plain { next } else { "/" }
}
