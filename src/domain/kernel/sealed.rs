//! Secrets that can be written down.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A secret that has to be known again, locked with a key that no log holds.
///
/// Only a holder of that key can make or read the text. The form is checked here, because a log is
/// read by many and never deleted: a bare secret must not get into one by mistake.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sealed(String);

/// A password as a PHC string of Argon2.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordHash(String);

/// The text might be the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BareSecret {
    /// See [`Sealed`].
    #[error(
        "a sealed secret begins with `sealed:`, and at least 32 of A-Z a-z 0-9 + / = _ . : - follow"
    )]
    NotSealed,
    /// See [`PasswordHash`].
    #[error("a password's hash begins with `$argon2id$` and has a salt and a digest")]
    NotHashed,
}

/// With what every sealed secret begins.
const SEAL: &str = "sealed:";

/// The fewest characters of a nonce, an authentication tag and something between them.
const SEALED_CHARS_MIN: usize = 32;

impl Sealed {
    /// Takes a text that was sealed elsewhere.
    ///
    /// # Errors
    /// When it cannot have been.
    pub fn new(text: String) -> Result<Self, BareSecret> {
        let body = text.strip_prefix(SEAL).unwrap_or_default();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"+/=_.:-".contains(&b);
        if body.len() < SEALED_CHARS_MIN || !body.bytes().all(plain) {
            return Err(BareSecret::NotSealed);
        }
        Ok(Self(text))
    }

    /// The sealed text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PasswordHash {
    /// Takes a hash that was made elsewhere.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(text: String) -> Result<Self, BareSecret> {
        // `$argon2id$v=19$m=…,t=…,p=…$<salt>$<digest>`
        let parts: Vec<&str> = text.split('$').collect();
        match parts[..] {
            ["", "argon2id", _, _, salt, digest] if salt.len() >= 8 && digest.len() >= 16 => {
                Ok(Self(text))
            }
            _ => Err(BareSecret::NotHashed),
        }
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_that_is_not_shown {
    ($($name:ident),+) => {
        $(
            impl TryFrom<String> for $name {
                type Error = BareSecret;

                fn try_from(text: String) -> Result<Self, BareSecret> {
                    Self::new(text)
                }
            }

            impl From<$name> for String {
                fn from(text: $name) -> Self {
                    text.0
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(stringify!($name))
                }
            }
        )+
    };
}
text_that_is_not_shown!(Sealed, PasswordHash);

#[cfg(test)]
mod tests;
