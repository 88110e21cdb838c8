//! People who are logged in.
//!
//! A session is known by 32 random bytes that only its browser has; here stands their hash. It ends by
//! itself, when it was not used for a while, when its user logs out, is disabled or gets another password, and
//! when this process ends. There are only so many: whoever logs in too often ends their own oldest ones.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use domain::core::audit::{AuditCommand, LoggedIn, LoginRefused};
use domain::{Actor, ActorKind, Metadata};
use eventlog::Position;
use http::header::COOKIE;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::auditor::Noted;
use crate::secret::{new_secret, same};
use crate::{App, Problem, RequestContext};

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

/// Who is logged in.
#[derive(Default)]
pub struct Sessions {
    open: Mutex<BTreeMap<[u8; 32], Session>>,
    attempts: Attempts,
}

struct Session {
    user: u64,
    /// The event that set the password with which it was opened.
    credential: Position,
    csrf: SecretString,
    opened_at: Timestamp,
    used_at: Timestamp,
}

/// What a browser gets when somebody has logged in.
pub struct LoggedInto {
    /// The value of [`SESSION_COOKIE`].
    pub session: SecretString,
    /// The value of [`CSRF_COOKIE`].
    pub csrf: SecretString,
    /// Who has logged in.
    pub user: u64,
}

/// Who is logged in, as far as a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The number of the user.
    pub user: u64,
    /// Whether the request shows that it comes from one of our own pages, or changes nothing.
    pub may_write: bool,
}

impl App {
    /// Logs somebody in who knows the password. Unknown, disabled and mistaken ones are told the same, after
    /// the same time.
    ///
    /// # Errors
    /// 401, 429 after too many attempts, and 503 when passwords cannot be looked at.
    pub async fn log_in(
        &self,
        name: &str,
        password: SecretString,
        context: &RequestContext,
    ) -> Result<LoggedInto, Problem> {
        let address = context
            .source_ip()
            .unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let tried = self.sessions.attempts.take(address, name);
        tried.map_err(|seconds| {
            Problem::rate_limited("too many attempts to log in").retry_after(seconds)
        })?;
        let number = self
            .views
            .roster()?
            .read(|roster| roster.user_by_name(name).map(|user| user.number));
        let row = match number {
            Some(number) => {
                self.views
                    .ask(move |views| views.roster()?.user(number))
                    .await?
            }
            None => None,
        };
        let known = row.as_ref().map(|row| row.facts.user.password.clone());
        let is_right = self.passwords.is(password, known).await?;
        let facts = row.map(|row| row.facts);
        match facts.filter(|facts| is_right && facts.user.is_enabled) {
            Some(facts) => {
                let at = self.commands.clock().now();
                let opened =
                    self.sessions
                        .open(facts.user.number, facts.credential_position, at)?;
                let command = AuditCommand::LogIn(LoggedIn {
                    user: opened.user,
                    at,
                });
                let metadata = self.metadata_of(opened.user, name, context);
                self.auditor.write(command, &metadata).await;
                Ok(opened)
            }
            None => {
                self.note_refusal(number, context).await;
                Err(Problem::unauthenticated(
                    "the name or the password is not right",
                ))
            }
        }
    }

    /// Who is logged in, if the request shows so.
    ///
    /// # Errors
    /// 503 while it is not known which users there are. A session that cannot be checked is not closed.
    pub fn visitor(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Visitor>, Problem> {
        let Some(session) = cookie(headers, SESSION_COOKIE) else {
            return Ok(None);
        };
        let now = self.commands.clock().now();
        let Some((user, credential, csrf)) = self.sessions.find(session, now) else {
            return Ok(None);
        };
        let stands = self.views.roster()?.read(|roster| {
            let known = roster.user(user)?;
            Some(known.is_enabled && known.credential_position == credential)
        });
        if stands != Some(true) {
            self.sessions.close(session);
            return Ok(None);
        }
        let shown = headers.get(CSRF_HEADER);
        let is_ours =
            shown.is_some_and(|shown| same(shown.as_bytes(), csrf.expose_secret().as_bytes()));
        Ok(Some(Visitor {
            user,
            may_write: method.is_safe() || is_ours,
        }))
    }

    async fn note_refusal(&self, user: Option<u64>, context: &RequestContext) {
        let Some(unwritten) = self.auditor.admit(Noted::Login) else {
            return;
        };
        let command = AuditCommand::RefuseLogin(LoginRefused {
            // A name that nobody has may be a password in the wrong field.
            user,
            unwritten,
            at: self.commands.clock().now(),
        });
        self.auditor.write(command, &context.metadata("web")).await;
    }

    fn metadata_of(&self, user: u64, name: &str, context: &RequestContext) -> Metadata {
        Metadata {
            actor: Some(Actor {
                kind: ActorKind::User,
                id: user.to_string(),
                display: Some(name.to_owned()),
            }),
            ..context.metadata("web")
        }
    }
}

impl Sessions {
    fn open(&self, user: u64, credential: Position, at: Timestamp) -> Result<LoggedInto, Problem> {
        let random = || {
            new_secret().map(SecretString::from).map_err(|error| {
                tracing::error!(%error, "no randomness: {error}");
                Problem::unavailable("nobody can log in at present").retry_after(5)
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

    fn find(&self, session: &str, now: Timestamp) -> Option<(u64, Position, SecretString)> {
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

/// A session is found by its hash: how long that takes tells nothing about the session.
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
