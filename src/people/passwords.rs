//! Passwords of users: kept as slow hashes, so that a reader of the log cannot try them all.
//!
//! Each hash takes some 20 MiB and some 20 ms of one core, so few are at work at a time, apart from
//! the threads that answer requests.

use std::fmt;
use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use domain::PasswordHash;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::AccessError;

/// The longest password that is looked at.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// How many hashes are at work at one time.
const AT_ONCE_MAX: usize = 2;

/// How many hashes may be in progress or wait. More are refused at once: a client that waits long
/// has given up.
const WAITING_MAX: usize = 64;

const SALT_BYTES: usize = 16;

/// Makes and compares hashes of passwords (Argon2id).
pub struct Passwords {
    places: Semaphore,
    turns: Semaphore,
    /// What an unknown user's password is compared with.
    decoy: Arc<OnceLock<PasswordHash>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            places: Semaphore::new(WAITING_MAX),
            turns: Semaphore::new(AT_ONCE_MAX),
            decoy: Arc::default(),
        }
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

impl Passwords {
    /// By what a password is recognised from now on. The same password has another hash each time.
    ///
    /// # Errors
    /// 503 when too many wait, or there is no randomness or memory.
    pub async fn hash(&self, password: SecretString) -> Result<PasswordHash, AccessError> {
        self.work(move || hash(&password)).await?
    }

    /// Whether the password matches the hash. Without a hash the answer is no and takes as long, so
    /// that the time does not reveal which users exist.
    ///
    /// # Errors
    /// 503 when too many wait, or there is no memory.
    pub async fn is(
        &self,
        password: SecretString,
        known: Option<PasswordHash>,
    ) -> Result<bool, AccessError> {
        let decoy = Arc::clone(&self.decoy);
        self.work(move || {
            let compared = match &known {
                Some(known) => known,
                None => match decoy.get() {
                    Some(made) => made,
                    None => {
                        let made = hash(&SecretString::from("decoy"))?;
                        decoy.get_or_init(|| made)
                    }
                },
            };
            // One that is too long was never taken, and would keep a core busy.
            let text = password.expose_secret().as_bytes();
            let text = &text[..text.len().min(PASSWORD_BYTES_MAX + 1)];
            let same = Phc::new(compared.as_str())
                .is_ok_and(|phc| Argon2::default().verify_password(text, &phc).is_ok());
            Ok(same && known.is_some())
        })
        .await?
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccessError> {
        let busy = || AccessError::Unavailable {
            reason: "too many passwords are being checked",
            retry_after: 2,
        };
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let _turn = self.turns.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a password could not be checked: {error}");
            AccessError::Internal
        })
    }
}

fn hash(password: &SecretString) -> Result<PasswordHash, AccessError> {
    let unavailable = || AccessError::Unavailable {
        reason: "no password can be hashed at present",
        retry_after: 5,
    };
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|_| unavailable())?;
    let password = password.expose_secret().as_bytes();
    let hash: Phc = Argon2::default()
        .hash_password_with_salt(password, &salt)
        .map_err(|_| unavailable())?;
    PasswordHash::new(hash.to_string()).map_err(|_| unavailable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_and_no_other_is() {
        let passwords = Passwords::default();
        let known = passwords.hash("hunter2".into()).await.unwrap();
        for (text, expected) in [
            ("hunter2", true),
            ("hunter3", false),
            ("Hunter2", false),
            ("", false),
            (&"x".repeat(100_000), false),
        ] {
            let is = passwords
                .is(text.into(), Some(known.clone()))
                .await
                .unwrap();
            assert_eq!(is, expected, "{text:.20}");
        }
    }

    #[tokio::test]
    async fn an_unknown_user_has_no_password() {
        let passwords = Passwords::default();
        // The second time the decoy hash exists already, and its own password is refused as well.
        for text in ["hunter2", "decoy"] {
            assert!(!passwords.is(text.into(), None).await.unwrap(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_password_has_another_hash_each_time_and_does_not_stand_in_it() {
        let passwords = Passwords::default();
        let one = passwords.hash("hunter2".into()).await.unwrap();
        let two = passwords.hash("hunter2".into()).await.unwrap();
        assert_ne!(one, two);
        assert!(!one.as_str().contains("hunter2"));
    }

    #[tokio::test]
    async fn a_login_that_would_wait_too_long_is_refused_for_now() {
        let passwords = Passwords::default();
        let _all = passwords.places.acquire_many(64).await.unwrap();
        let refused = passwords.hash("hunter2".into()).await.unwrap_err();
        assert!(matches!(refused, AccessError::Unavailable { .. }));
    }
}
