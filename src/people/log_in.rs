//! Logs users in, and recognises those who are.

use projections::RosterView;
use std::net::{IpAddr, Ipv6Addr};

use commands::Noted;
use domain::core::audit::{AuditCommand, LoggedIn, LoginRefused};
use domain::{Actor, ActorKind, Metadata};
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};

use crate::secret::same;
use crate::{AccessError, CSRF_HEADER, LoggedInto, Parts, SESSION_COOKIE, Visitor, cookie};

impl Parts {
    /// Logs a user in who knows the password. Unknown, disabled and mistaken ones get the same
    /// answer, after the same time. `metadata` is that of the request, from `address`.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn log_in(
        &self,
        name: &str,
        password: SecretString,
        address: Option<IpAddr>,
        metadata: Metadata,
    ) -> Result<LoggedInto, AccessError> {
        let address = address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let taken = self.sessions.attempts.take(address, name);
        taken.map_err(|retry_after| AccessError::TooManyAttempts { retry_after })?;
        let number = self
            .views
            .of::<RosterView>()?
            .read(|roster| roster.user_by_name(name).map(|user| user.number));
        let row = match number {
            Some(number) => {
                self.views
                    .ask(move |views| views.of::<RosterView>()?.user(number))
                    .await?
            }
            None => None,
        };
        let known = row.as_ref().map(|row| row.facts.user.password.clone());
        let is_right = self.passwords.is(password, known).await?;
        let facts = row.map(|row| row.facts);
        let Some(facts) = facts.filter(|facts| is_right && facts.user.is_enabled) else {
            self.note_refusal(number, &metadata).await;
            return Err(AccessError::Wrong);
        };
        let user = facts.user.number;
        let at = self.commands.clock().now();
        let opened = self.sessions.open(user, facts.credential_position, at)?;
        let metadata = Metadata {
            actor: Some(Actor {
                kind: ActorKind::User,
                id: user.to_string(),
                display: Some(name.to_owned()),
            }),
            ..metadata
        };
        let command = AuditCommand::LogIn(LoggedIn { user, at });
        self.auditor.write(command, &metadata).await;
        Ok(opened)
    }

    /// The logged-in user whose session a request shows, if any.
    ///
    /// # Errors
    /// [`AccessError::View`] while it is not known which users there are. A session that cannot be
    /// checked stays open.
    pub fn visitor(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Visitor>, AccessError> {
        let Some(session) = cookie(headers, SESSION_COOKIE) else {
            return Ok(None);
        };
        let now = self.commands.clock().now();
        let Some((user, credential, csrf)) = self.sessions.find(session, now) else {
            return Ok(None);
        };
        let is_valid = self.views.of::<RosterView>()?.read(|roster| {
            let known = roster.user(user)?;
            Some(known.is_enabled && known.credential_position == credential)
        });
        if is_valid != Some(true) {
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

    async fn note_refusal(&self, user: Option<u64>, metadata: &Metadata) {
        let Some(unwritten) = self.auditor.admit(Noted::Login) else {
            return;
        };
        let command = AuditCommand::RefuseLogin(LoginRefused {
            // A name that no user has may be a password in the wrong field.
            user,
            unwritten,
            at: self.commands.clock().now(),
        });
        self.auditor.write(command, metadata).await;
    }
}
