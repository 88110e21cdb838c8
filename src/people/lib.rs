//! Users and their credentials: passwords, sessions, sealed secrets, limits on wrong attempts.
//!
//! The crate knows the users of the roster and no HTTP surface: dialects and the dashboard decide
//! where people log in and how a refusal looks. Start reading at [`People`], then [`Passwords`]
//! (hashes), [`Sessions`] (logged-in users), [`Seal`] (secrets that HMAC needs in clear text) and
//! [`secret`] (random tokens and constant-time comparison).

mod error;
mod failures;
mod log_in;
mod passwords;
mod seal;
pub mod secret;
mod sessions;

use std::ops::Deref;
use std::sync::Arc;

use commands::{Auditor, Commands};
use projections::Views;

pub use error::AccessError;
pub use failures::Failures;
pub use passwords::{PASSWORD_BYTES_MAX, Passwords};
pub use seal::{KEY_BYTES, Seal, SealError};
pub use sessions::{
    CSRF_COOKIE, CSRF_HEADER, LoggedInto, SESSION_COOKIE, Sessions, Visitor, cookie,
};

/// What recognises users and workers. Cloning copies one pointer.
#[derive(Clone)]
pub struct People(Arc<Parts>);

/// What [`People`] points to.
pub struct Parts {
    /// Hashes and compares passwords.
    pub passwords: Passwords,
    /// Users who are logged in.
    pub sessions: Sessions,
    /// Seals secrets that are needed in clear text again.
    pub seal: Seal,
    commands: Commands,
    views: Views,
    auditor: Arc<Auditor>,
}

impl Deref for People {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl People {
    /// Recognises the users of these views. What the seal locks, only a process with the same key
    /// opens.
    #[must_use]
    pub fn new(commands: Commands, views: Views, auditor: Arc<Auditor>, seal: Seal) -> Self {
        Self(Arc::new(Parts {
            passwords: Passwords::default(),
            sessions: Sessions::default(),
            seal,
            commands,
            views,
            auditor,
        }))
    }
}
