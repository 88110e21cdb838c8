//! Locks secrets that have to be known again: HMAC needs a worker's secret itself, so a hash is not
//! enough.
//!
//! An event holds `sealed:v1:<key>:<nonce, text and tag>`: AES-256-GCM with a random nonce, where
//! `<key>` identifies the key without revealing it. So the same secret looks different each time,
//! and only its holder can compare two of them, by opening both.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Sealed;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// How many bytes a key has.
pub const KEY_BYTES: usize = 32;

/// With what a sealed secret of this kind begins; it is authenticated together with the key's name.
const PREFIX: &str = "sealed:v1:";

/// How much of a key's hash is its name.
const KEY_NAME_BYTES: usize = 4;

/// Locks secrets and opens them. Cloning copies a pointer.
#[derive(Clone)]
pub struct Seal(Arc<Key>);

struct Key {
    cipher: RandomizedNonceKey,
    /// `sealed:v1:<name>`
    heading: String,
}

/// Why a secret cannot be locked or opened. None of these reveals anything about the secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// It does not have the right length.
    #[error("a key has {KEY_BYTES} bytes")]
    Key,
    /// Another key locked it.
    #[error("the secret was sealed with the key {theirs}, and this is {ours}")]
    OtherKey {
        /// The name of the key that locked it.
        theirs: String,
        ours: String,
    },
    /// It was changed since, or never sealed.
    #[error("the sealed secret is damaged")]
    Damaged,
    /// There is no randomness, or no memory.
    #[error("the secret cannot be sealed at present")]
    Unavailable,
}

impl Seal {
    /// Locks with this key.
    ///
    /// # Errors
    /// When it does not have [`KEY_BYTES`] bytes.
    pub fn new(key: &SecretSlice<u8>) -> Result<Self, SealError> {
        let bytes = key.expose_secret();
        if bytes.len() != KEY_BYTES {
            return Err(SealError::Key);
        }
        let cipher =
            RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::Unavailable)?;
        // Hashed with its own prefix, so that the name is of no other use.
        let hash = Sha256::new()
            .chain_update(b"tallyman key name")
            .chain_update(bytes)
            .finalize();
        let heading = format!("{PREFIX}{}", hex::encode(&hash[..KEY_NAME_BYTES]));
        Ok(Self(Arc::new(Key { cipher, heading })))
    }

    /// Locks with a key that is not kept: for tests, and for an app that is never opened again.
    #[must_use]
    pub fn for_now() -> Self {
        let mut bytes = [0; KEY_BYTES];
        let made = aws_lc_rs::rand::fill(&mut bytes);
        made.expect("a process without randomness could not make the ids of events either");
        let seal = Self::new(&SecretSlice::from(bytes.to_vec()));
        seal.expect("the key has the right length")
    }

    /// The name of the key, which reveals nothing about it.
    #[must_use]
    pub fn key_name(&self) -> &str {
        &self.0.heading[PREFIX.len()..]
    }

    /// The name of the key with which a secret was sealed.
    #[must_use]
    pub fn key_name_of(sealed: &Sealed) -> Option<&str> {
        let (name, _) = sealed.as_str().strip_prefix(PREFIX)?.split_once(':')?;
        Some(name)
    }

    /// Locks a secret.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal(&self, secret: &SecretString) -> Result<Sealed, SealError> {
        let heading = &self.0.heading;
        let mut locked = secret.expose_secret().as_bytes().to_vec();
        let aad = Aad::from(heading.as_bytes());
        let nonce = self.0.cipher.seal_in_place_append_tag(aad, &mut locked);
        let nonce = nonce.map_err(|_| SealError::Unavailable)?;
        let mut body = nonce.as_ref().to_vec();
        body.append(&mut locked);
        let text = format!("{heading}:{}", URL_SAFE_NO_PAD.encode(body));
        Sealed::new(text).map_err(|_| SealError::Unavailable)
    }

    /// Opens a secret that was locked with this key.
    ///
    /// # Errors
    /// When it was locked with another one, or changed since.
    pub fn open(&self, sealed: &Sealed) -> Result<SecretString, SealError> {
        let (theirs, body) = sealed
            .as_str()
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once(':'))
            .ok_or(SealError::Damaged)?;
        if theirs != self.key_name() {
            return Err(SealError::OtherKey {
                theirs: theirs.to_owned(),
                ours: self.key_name().to_owned(),
            });
        }
        let body = URL_SAFE_NO_PAD
            .decode(body)
            .map_err(|_| SealError::Damaged)?;
        let (nonce, locked) = body
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::Damaged)?;
        let mut locked = locked.to_vec();
        let opened = self
            .0
            .cipher
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(self.0.heading.as_bytes()),
                &mut locked,
            )
            .map_err(|_| SealError::Damaged)?;
        let text = str::from_utf8(opened).map_err(|_| SealError::Damaged)?;
        Ok(SecretString::from(text))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({})", self.key_name())
    }
}

#[cfg(test)]
mod tests;
