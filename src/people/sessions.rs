//! Sessions of users who are logged in.
//!
//! A session is known by 32 random bytes that only its browser has; this process keeps their hash.
//! It ends by itself, when it was not used for a while, when its user logs out, is disabled or gets
//! another password, and when this process ends. Their number is limited: a user who logs in too
//! often ends the oldest of their sessions.

use std::collections::BTreeMap;
use std::time::Duration;

use eventlog::Position;
use http::HeaderMap;
use http::header::COOKIE;
use jiff::Timestamp;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::AccessError;
use crate::secret::new_secret;

mod attempts;

use attempts::Attempts;

/// The cookie that a browser shows.
pub const SESSION_COOKIE: &str = "sessionid";

/// The cookie that a page repeats in a header, to show that it is one of ours.
pub const CSRF_COOKIE: &str = "csrftoken";

/// That header.
pub const CSRF_HEADER: &str = "x-csrftoken";

/// After how long without a request a session ends.
const IDLE_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// After how long a session ends in any case.
const AGE_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many sessions there may be.
const SESSIONS_MAX: usize = 10_000;

/// How many sessions one user may have.
const OF_ONE_USER_MAX: usize = 50;

/// The longest cookie header that is looked at.
const COOKIES_BYTES_MAX: usize = 16 * 1024;

/// The sessions that are open.
#[derive(Default)]
pub struct Sessions {
    open: Mutex<BTreeMap<[u8; 32], Session>>,
    pub(crate) attempts: Attempts,
}

struct Session {
    user: u64,
    /// The event that set the password with which it was opened.
    credential: Position,
    csrf: SecretString,
    opened_at: Timestamp,
    used_at: Timestamp,
}

/// What a browser gets when its user has logged in.
pub struct LoggedInto {
    /// The value of [`SESSION_COOKIE`].
    pub session: SecretString,
    /// The value of [`CSRF_COOKIE`].
    pub csrf: SecretString,
    pub user: u64,
}

/// The logged-in user of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub user: u64,
    /// Whether the request shows that it comes from one of our own pages, or changes nothing.
    pub may_write: bool,
}

impl Sessions {
    pub(crate) fn open(
        &self,
        user: u64,
        credential: Position,
        at: Timestamp,
    ) -> Result<LoggedInto, AccessError> {
        let random = || {
            new_secret().map(SecretString::from).map_err(|error| {
                tracing::error!(%error, "no randomness: {error}");
                AccessError::Unavailable {
                    reason: "login is unavailable at present",
                    retry_after: 5,
                }
            })
        };
        let (session, csrf) = (random()?, random()?);
        let mut open = self.open.lock();
        open.retain(|_, session| session.is_open(at));
        make_room(&mut open, user);
        open.insert(
            hash(session.expose_secret()),
            Session {
                user,
                credential,
                csrf: csrf.clone(),
                opened_at: at,
                used_at: at,
            },
        );
        Ok(LoggedInto {
            session,
            csrf,
            user,
        })
    }

    pub(crate) fn find(
        &self,
        session: &str,
        now: Timestamp,
    ) -> Option<(u64, Position, SecretString)> {
        let mut open = self.open.lock();
        let key = hash(session);
        let found = open.get_mut(&key)?;
        if !found.is_open(now) {
            open.remove(&key);
            return None;
        }
        found.used_at = found.used_at.max(now);
        Some((found.user, found.credential, found.csrf.clone()))
    }

    /// Ends a session.
    pub fn close(&self, session: &str) {
        self.open.lock().remove(&hash(session));
    }
}

impl Session {
    fn is_open(&self, now: Timestamp) -> bool {
        // A clock that was set back makes nothing older.
        let since =
            |then: Timestamp| Duration::try_from(now.duration_since(then)).unwrap_or_default();
        since(self.used_at) < IDLE_MAX && since(self.opened_at) < AGE_MAX
    }
}

/// Ends the oldest sessions of a user who has too many, or the oldest of all.
fn make_room(open: &mut BTreeMap<[u8; 32], Session>, user: u64) {
    let of_user = open.values().filter(|session| session.user == user).count();
    let oldest = |all: &BTreeMap<[u8; 32], Session>, of: Option<u64>| {
        let some = all.iter();
        let some = some.filter(|(_, session)| of.is_none_or(|user| session.user == user));
        let oldest = some.min_by_key(|(_, session)| session.used_at);
        oldest.map(|(key, _)| *key)
    };
    let ended = if of_user >= OF_ONE_USER_MAX {
        oldest(open, Some(user))
    } else if open.len() >= SESSIONS_MAX {
        oldest(open, None)
    } else {
        None
    };
    if let Some(ended) = ended {
        open.remove(&ended);
    }
}

/// A session is found by its hash, so that the time of the search reveals nothing about it.
fn hash(session: &str) -> [u8; 32] {
    Sha256::digest(session.as_bytes()).into()
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let short = lines.filter(|line| line.len() <= COOKIES_BYTES_MAX);
    let pairs = short.flat_map(|line| line.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    Some(value.trim_matches('"'))
}

#[cfg(test)]
mod tests;
