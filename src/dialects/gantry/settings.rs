//! Who may send webhooks.

use std::time::Duration;

use allocation::Variables;
use secrecy::{ExposeSecret, SecretString};

use crate::credentials::{KnownSource, KnownToken};
use crate::signature::{SigningKey, SigningKeyError};

/// How far a signature's time may be from ours, by default.
pub const SIGNATURE_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// One sender of webhooks. Without a credential all its webhooks are refused.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// What it is called; builds are named after it.
    pub name: String,
    /// The secret tokens that are valid, several during a rotation. Empty ones are left out.
    pub tokens: Vec<SecretString>,
    /// The signing tokens (`whsec_…`) that are valid.
    pub signing_tokens: Vec<SecretString>,
    /// How far a signature's time may lie from ours; zero accepts any, for recorded traffic.
    pub signature_tolerance: Option<Duration>,
}

/// What an operator chose for this dialect.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who may send webhooks.
    pub sources: Vec<Source>,
    /// How allocations are written.
    pub variables: Variables,
    /// Of which share of specs the answers are recorded, from 0 to 1.
    pub record_ratio: f64,
}

impl Settings {
    /// Checks everything that [`crate::Gantry::new`] refuses.
    ///
    /// # Errors
    /// When a signing token is none.
    pub fn check(&self) -> Result<(), SigningKeyError> {
        known_sources(&self.sources).map(drop)
    }
}

/// Prepares the sources for comparing.
pub(crate) fn known_sources(sources: &[Source]) -> Result<Vec<KnownSource>, SigningKeyError> {
    sources.iter().map(known_source).collect()
}

fn known_source(source: &Source) -> Result<KnownSource, SigningKeyError> {
    let tokens = source.tokens.iter().map(ExposeSecret::expose_secret);
    let keys = source
        .signing_tokens
        .iter()
        .map(ExposeSecret::expose_secret);
    let tolerance = source.signature_tolerance.unwrap_or(SIGNATURE_TOLERANCE);
    Ok(KnownSource {
        name: source.name.clone(),
        tokens: tokens
            .filter(|token| !token.is_empty())
            .map(KnownToken::new)
            .collect(),
        signing_keys: keys
            .filter(|token| !token.is_empty())
            .map(SigningKey::parse)
            .collect::<Result<_, _>>()?,
        tolerance: (!tolerance.is_zero()).then_some(tolerance),
    })
}
