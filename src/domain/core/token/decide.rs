//! What a token may do: be issued once, and be revoked.

use jiff::Timestamp;
use thiserror::Error;

use super::{Issued, Revoked, TokenEvent};
use crate::Aggregate;

/// What decisions about a token rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    issued: Option<Issued>,
    revoked: bool,
}

impl Token {
    /// Whether it was issued and not revoked. Its expiry is checked by the caller, which has a
    /// clock.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.issued.is_some() && !self.revoked
    }
}

/// Commands to a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenCommand {
    /// Accept it from now on.
    Issue(Issued),
    /// Accept it no more.
    Revoke { at: Timestamp },
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenRejection {
    /// It was never issued.
    #[error("token not found")]
    Unknown,
    /// Another token was issued under this id.
    #[error("a token with this id is already issued")]
    AlreadyIssued,
    /// What should be a hash is none; it might be the token itself, which is never written down.
    #[error("a token's hash is 64 lower-case hexadecimal digits")]
    NotAHash,
}

impl Aggregate for Token {
    const CATEGORY: &'static str = "token";
    type Command = TokenCommand;
    type Event = TokenEvent;
    type Rejection = TokenRejection;

    fn decide(&self, command: TokenCommand) -> Result<Vec<TokenEvent>, TokenRejection> {
        use TokenCommand as C;
        use TokenRejection as R;

        Ok(match (&self.issued, command) {
            // Impossible.
            (_, C::Issue(data)) if !is_hash(&data.hash) => return Err(R::NotAHash),
            (None, C::Revoke { .. }) => return Err(R::Unknown),

            // Repeated.
            (Some(known), C::Issue(data)) if *known == data => vec![],
            (Some(_), C::Revoke { .. }) if self.revoked => vec![],

            // Allowed.
            (None, C::Issue(data)) => vec![TokenEvent::Issued(data)],
            (Some(_), C::Revoke { at }) => vec![TokenEvent::Revoked(Revoked { at })],

            // Refused.
            (Some(_), C::Issue(_)) => return Err(R::AlreadyIssued),
        })
    }

    fn evolve(&mut self, event: &TokenEvent) {
        match event {
            TokenEvent::Issued(data) => self.issued = Some(data.clone()),
            TokenEvent::Revoked(_) => self.revoked = true,
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
