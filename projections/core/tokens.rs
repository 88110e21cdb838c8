//! Which API tokens are there, and who holds the one with this hash?

#[cfg(test)]
mod tests;

use domain::core::token::{Role, TokenEvent};
use eventlog::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use crate::engine::list::{Field, List, ListFold, ListQuery, ListView, Order, StreamList};
use crate::engine::listing::{Cursor, Listing};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope};

const HASH: &[u8] = b"h";

/// One token. The token itself is stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    pub id: String,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the token, 64 hexadecimal digits.
    pub hash: String,
    /// What its holder may do.
    pub role: Role,
    /// When non-empty, the only scopes in which the role counts.
    pub scopes: Vec<String>,
    #[serde(with = "time")]
    pub issued_at: Timestamp,
    /// When it ceases to be accepted by itself.
    #[serde(with = "time::option")]
    pub expires_at: Option<Timestamp>,
    #[serde(with = "time::option")]
    pub revoked_at: Option<Timestamp>,
    /// The position of its last event.
    pub position: Position,
}

impl TokenRow {
    /// Whether it is accepted at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// The list of all tokens.
#[derive(Debug)]
pub struct TokenList;

/// Reads tokens.
pub type Tokens = List<TokenList>;

/// Folds tokens.
pub type TokensFold = ListFold<TokenList>;

impl ListView for TokenList {
    type Event = TokenEvent;
    type Key = String;
    type Row = TokenRow;

    const NAME: &'static str = "tokens";
    const VERSION: u32 = 2;
    const SHAPE: u32 = 2;

    const HOME: Order<TokenRow> = Order::of_rows(|row, start| Some(start.str(&row.id).build()));
    const FIELDS: &'static [Field<TokenRow>] = &[Field::new(HASH, |row| Some(&row.hash))];

    fn key_of(_: &TokenEvent, envelope: &Envelope<'_>) -> Option<String> {
        envelope.key()
    }

    fn row_key(id: &String, start: KeyBuilder) -> Key {
        start.str(id).build()
    }

    fn change(
        row: &mut Option<TokenRow>,
        id: &String,
        event: &TokenEvent,
        envelope: &Envelope<'_>,
    ) -> bool {
        match (event, row) {
            (TokenEvent::Issued(issued), row) => {
                *row = Some(TokenRow {
                    id: id.clone(),
                    name: issued.name.clone(),
                    hash: issued.hash.clone(),
                    role: issued.role,
                    scopes: issued.scopes.clone(),
                    issued_at: issued.at,
                    expires_at: issued.expires_at,
                    revoked_at: None,
                    position: envelope.position,
                });
                true
            }
            (TokenEvent::Revoked(revoked), Some(row)) => {
                row.revoked_at = row.revoked_at.or(Some(revoked.at));
                row.position = envelope.position;
                true
            }
            (TokenEvent::Revoked(_), None) => false,
        }
    }
}

impl StreamList for TokenList {
    const CATEGORY: &'static str = "token";
}

impl Tokens {
    /// The token with this SHA-256; it may be revoked or expired.
    pub fn by_hash(&self, hash: &str) -> Answer<Option<TokenRow>> {
        let query = ListQuery {
            fields: vec![(HASH, hash)],
            ..ListQuery::default()
        };
        let found = self.page(&query, &Cursor::start(), 1)?;
        Ok(found.rows.into_iter().next())
    }

    /// A page of all tokens, revoked ones as well, by their ids.
    pub fn list(&self, cursor: &Cursor, limit: usize) -> Answer<Listing<TokenRow>> {
        self.page(&ListQuery::default(), cursor, limit)
    }
}
