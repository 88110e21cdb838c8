//! Which source a delivery comes from.
//!
//! Every token of every source is compared, in constant time and with no early end, so that the
//! response time reveals nothing about them. Secrets are kept as hashes and never logged.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::signature::{Signed, SigningKey};

/// The header in which GitLab sends a secret token.
pub(crate) const TOKEN_HEADER: &str = "x-gitlab-token";

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 1024;

/// A secret token, as its hash.
#[derive(Clone, Copy)]
pub(crate) struct KnownToken([u8; 32]);

/// A source that may send.
#[derive(Clone)]
pub(crate) struct KnownSource {
    pub(crate) name: String,
    pub(crate) tokens: Vec<KnownToken>,
    pub(crate) signing_keys: Vec<SigningKey>,
    pub(crate) tolerance: Option<Duration>,
}

impl KnownSource {
    /// Whether it has anything by which a webhook of it could be recognised.
    pub(crate) fn has_credentials(&self) -> bool {
        !self.tokens.is_empty() || !self.signing_keys.is_empty()
    }
}

impl KnownToken {
    pub(crate) fn new(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// The source whose token is in the header, if any.
pub(crate) fn by_token<'a>(sources: &'a [KnownSource], headers: &HeaderMap) -> Option<&'a str> {
    let presented = headers.get(TOKEN_HEADER)?.as_bytes();
    if presented.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let presented = Sha256::digest(presented);
    let unmatched = u64::MAX;
    let mut found = unmatched;
    for (index, source) in (0..).zip(sources) {
        let matches = source.tokens.iter().fold(Choice::from(0), |so_far, known| {
            so_far | known.0.ct_eq(presented.as_slice())
        });
        found.conditional_assign(&index, matches);
    }
    let found = usize::try_from(found).ok()?;
    sources.get(found).map(|source| source.name.as_str())
}

/// The source whose key has signed the body, not too long ago, if any.
pub(crate) fn by_signature<'a>(
    sources: &'a [KnownSource],
    signed: Signed<'_>,
    body: &[u8],
    now: Timestamp,
) -> Option<&'a str> {
    let fresh = |source: &&KnownSource| {
        source
            .tolerance
            .is_none_or(|tolerance| signed.is_fresh(now, tolerance))
    };
    let verified = |source: &&KnownSource| {
        source
            .signing_keys
            .iter()
            .any(|key| key.verifies(signed, body))
    };
    sources
        .iter()
        .filter(fresh)
        .find(verified)
        .map(|source| source.name.as_str())
}

/// Whether any source signs what it sends.
pub(crate) fn any_signs(sources: &[KnownSource]) -> bool {
    sources.iter().any(|source| !source.signing_keys.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, tokens: &[&str]) -> KnownSource {
        KnownSource {
            name: name.to_owned(),
            tokens: tokens.iter().map(|token| KnownToken::new(token)).collect(),
            signing_keys: Vec::new(),
            tolerance: None,
        }
    }

    #[test]
    fn a_token_names_its_source_and_nothing_else_does() {
        let sources = [
            source("default", &["old", "new"]),
            source("other", &["third"]),
            source("shut", &[]),
        ];
        let long = "x".repeat(TOKEN_BYTES_MAX + 1);
        for (token, expected) in [
            ("old", Some("default")),
            ("new", Some("default")),
            ("third", Some("other")),
            ("ol", None),
            ("", None),
            ("old ", None),
            (&long, None),
        ] {
            let headers = [(
                TOKEN_HEADER.parse().unwrap(),
                http::HeaderValue::from_bytes(token.as_bytes()).unwrap(),
            )]
            .into_iter()
            .collect::<HeaderMap>();
            assert_eq!(by_token(&sources, &headers), expected, "{token}");
        }
        assert_eq!(by_token(&sources, &HeaderMap::new()), None);
    }
}
