//! Credentials: made, shown once, kept as a hash, compared in constant time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What every API token begins with, so that a leaked one can be recognised.
pub const TOKEN_PREFIX: &str = "tally_";

/// The longest credential that is looked at.
pub const CREDENTIAL_BYTES_MAX: usize = 512;

/// Makes an API token of 32 random bytes.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn new_token() -> Result<String, getrandom::Error> {
    Ok(format!("{TOKEN_PREFIX}{}", new_secret()?))
}

/// Makes a secret of 32 random bytes, in characters that no header or configuration file minds.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The hash under which a token is known: SHA-256 of its text, 64 hexadecimal digits.
///
/// A fast hash is enough here: the token has 256 random bits and cannot be guessed from its hash.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Whether two secrets are the same, in a time that does not reveal where they differ.
///
/// Both are hashed first, so that the time does not reveal their lengths either.
#[must_use]
pub fn same(left: &[u8], right: &[u8]) -> bool {
    Sha256::digest(left).ct_eq(&Sha256::digest(right)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_the_same_and_the_hash_is_that_of_the_text() {
        let (one, two) = (new_token().unwrap(), new_token().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), TOKEN_PREFIX.len() + 43);
        assert_eq!(
            token_hash("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn secrets_are_the_same_only_when_every_byte_is() {
        for (left, right, expected) in [
            ("a", "a", true),
            ("", "", true),
            ("a", "b", false),
            ("a", "ab", false),
            ("a", "", false),
        ] {
            assert_eq!(
                same(left.as_bytes(), right.as_bytes()),
                expected,
                "{left} {right}"
            );
        }
    }
}
