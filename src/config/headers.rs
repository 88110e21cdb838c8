//! Secrets that travel in HTTP headers: without what surrounds them in files and variables, and of
//! characters that a header can carry. A token with a line end at its end would never be equal to
//! what arrives, and could not be sent.

use secrecy::{ExposeSecret, SecretString};

use super::load::ConfigError;
use super::{Config, OneOrMany};

/// Trims every secret that is compared with a header or sent in one. One of blanks alone counts as
/// not set.
///
/// # Errors
/// One that holds a character that no header can carry; it is named by its key, never shown.
pub(super) fn trim(config: &mut Config) -> Result<(), ConfigError> {
    for (name, source) in &mut config.sources {
        trim_all(&format!("sources.{name}.token"), &mut source.token)?;
        trim_all(
            &format!("sources.{name}.signing_token"),
            &mut source.signing_token,
        )?;
    }
    trim_one("prometheus.cookie", &mut config.prometheus.cookie)?;
    trim_one("gitlab.token", &mut config.gitlab.token)?;
    trim_one(
        "blobs.secret_access_key",
        &mut config.blobs.secret_access_key,
    )
}

fn trim_all(key: &str, secrets: &mut OneOrMany) -> Result<(), ConfigError> {
    match secrets {
        OneOrMany::None => {}
        OneOrMany::One(secret) => *secret = trimmed(key, secret, arrives)?,
        OneOrMany::Many(many) => {
            for secret in many {
                *secret = trimmed(key, secret, arrives)?;
            }
        }
    }
    Ok(())
}

fn trim_one(key: &str, secret: &mut Option<SecretString>) -> Result<(), ConfigError> {
    if let Some(known) = secret {
        let known = trimmed(key, known, is_sent)?;
        *secret = Some(known).filter(|known| !known.expose_secret().is_empty());
    }
    Ok(())
}

fn trimmed(
    key: &str,
    secret: &SecretString,
    carries: fn(char) -> bool,
) -> Result<SecretString, ConfigError> {
    let text = secret.expose_secret().trim();
    match text.chars().position(|c| !carries(c)) {
        None => Ok(SecretString::from(text)),
        Some(place) => Err(ConfigError::Value {
            key: key.to_owned().into(),
            reason: format!(
                "character {} cannot be carried by an HTTP header",
                place + 1
            ),
        }),
    }
}

/// What others may send us: their bytes are compared as they come.
fn arrives(c: char) -> bool {
    !c.is_control()
}

/// What we send ourselves.
fn is_sent(c: char) -> bool {
    matches!(c, ' '..='~')
}
