//! Signed deliveries, as Standard Webhooks describes them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::Timestamp;
use sha2::Sha256;
use thiserror::Error;

/// A text is no signing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a signing token is `whsec_` and the base64 of at least 16 bytes")]
pub struct SigningKeyError;

/// The shortest key that is accepted, in bytes. GitLab makes 32.
const KEY_BYTES_MIN: usize = 16;

/// How many signatures of one delivery are looked at.
const SIGNATURES_MAX: usize = 8;

#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

/// The headers of a signed delivery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) id: &'a str,
    timestamp: &'a str,
    signatures: &'a str,
}

impl SigningKey {
    pub(crate) fn parse(token: &str) -> Result<Self, SigningKeyError> {
        let encoded = token.strip_prefix("whsec_").ok_or(SigningKeyError)?;
        let key = STANDARD.decode(encoded).map_err(|_| SigningKeyError)?;
        if key.len() < KEY_BYTES_MIN {
            return Err(SigningKeyError);
        }
        Hmac::new_from_slice(&key)
            .map(Self)
            .map_err(|_| SigningKeyError)
    }

    /// Whether one of the signatures was made with this key over this body.
    pub(crate) fn verifies(&self, signed: Signed<'_>, body: &[u8]) -> bool {
        let mut mac = self.0.clone();
        for part in [
            signed.id.as_bytes(),
            b".",
            signed.timestamp.as_bytes(),
            b".",
            body,
        ] {
            mac.update(part);
        }
        signed
            .signatures
            .split(' ')
            .take(SIGNATURES_MAX)
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
            // `verify_slice` compares in constant time.
            .any(|signature| mac.clone().verify_slice(&signature).is_ok())
    }
}

impl<'a> Signed<'a> {
    /// Reads the three headers; `None` when the delivery is not signed.
    pub(crate) fn read(headers: &'a HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        Some(Self {
            id: text("webhook-id")?,
            timestamp: text("webhook-timestamp")?,
            signatures: text("webhook-signature")?,
        })
    }

    /// Whether it was signed no longer ago, and no further ahead, than is tolerated.
    pub(crate) fn is_fresh(&self, now: Timestamp, tolerance: Duration) -> bool {
        let Ok(seconds) = self.timestamp.parse::<i64>() else {
            return false;
        };
        now.as_second().abs_diff(seconds) <= tolerance.as_secs()
    }
}

#[cfg(test)]
mod tests;
