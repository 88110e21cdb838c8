//! Which API tokens are there, and who holds the one with this hash?

#[cfg(test)]
mod tests;

use domain::core::token::{Role, TokenEvent};
use eventlog::{Position, StreamName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tables::{Key, KeyBuilder};

use crate::engine::listing::{self, Cursor, Listing, Walk};
use crate::engine::stored::time;
use crate::engine::{Answer, Envelope, Projection, Reader, RowAsOf, Rows, ViewReader, stream};

const ROW: u8 = b'r';
const BY_HASH: u8 = b'h';

/// One token. The token itself is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the token, 64 hexadecimal digits.
    pub hash: String,
    /// What its holder may do.
    pub role: Role,
    /// When non-empty, the only scopes in which the role counts.
    pub scopes: Vec<String>,
    /// When it was issued.
    #[serde(with = "time")]
    pub issued_at: Timestamp,
    /// When it ceases to be accepted by itself.
    #[serde(with = "time::option")]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(with = "time::option")]
    pub revoked_at: Option<Timestamp>,
    /// Where the last event about it stands.
    pub position: Position,
}

impl TokenRow {
    /// Whether it is accepted at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// The fold.
#[derive(Debug, Default)]
pub struct TokensFold;

impl Projection for TokensFold {
    type Event = TokenEvent;

    const NAME: &'static str = "tokens";
    const VERSION: u32 = 1;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        event_type.starts_with("token.")
    }

    fn apply(&mut self, event: &TokenEvent, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        let id = envelope.stream.key();
        let key = row_key(id);
        let before: Option<TokenRow> = rows.get(&key);
        match (event, before) {
            (TokenEvent::Issued(issued), before) => {
                if let Some(before) = before {
                    rows.delete(hash_key(&before.hash));
                }
                rows.put_bytes(hash_key(&issued.hash), key.clone());
                let row = TokenRow {
                    id: id.to_owned(),
                    name: issued.name.clone(),
                    hash: issued.hash.clone(),
                    role: issued.role,
                    scopes: issued.scopes.clone(),
                    issued_at: issued.at,
                    expires_at: issued.expires_at,
                    revoked_at: None,
                    position: envelope.position,
                };
                rows.put(key, &row);
            }
            (TokenEvent::Revoked(revoked), Some(mut row)) => {
                row.revoked_at = row.revoked_at.or(Some(revoked.at));
                row.position = envelope.position;
                rows.put(key, &row);
            }
            (TokenEvent::Revoked(_), None) => {}
        }
    }
}

/// Who may do what.
#[derive(Clone)]
pub struct Tokens {
    reader: Reader,
}

impl ViewReader for Tokens {
    type Fold = TokensFold;

    fn over(reader: Reader) -> Self {
        Self { reader }
    }
}

impl RowAsOf for Tokens {
    type Key = str;
    type Row = TokenRow;

    fn streams(id: &str) -> Vec<StreamName> {
        stream("token", id)
    }

    fn row(&self, id: &str) -> Answer<Option<TokenRow>> {
        self.get(id)
    }
}

impl Tokens {
    /// The token whose SHA-256 is this; it may be revoked or expired.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn by_hash(&self, hash: &str) -> Answer<Option<TokenRow>> {
        let found = self
            .reader
            .scan(tables::Range::prefix(&hash_key(hash)).limit(1))?;
        let Some((_, row_key)) = found.first() else {
            return Ok(None);
        };
        self.reader.get(row_key)
    }

    /// One token.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn get(&self, id: &str) -> Answer<Option<TokenRow>> {
        self.reader.get(&row_key(id))
    }

    /// A page of all tokens, revoked ones as well, by their ids.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn list(&self, cursor: &Cursor, limit: usize) -> Answer<Listing<TokenRow>> {
        listing::rows(&self.reader, &Walk::all(&[ROW]), cursor, limit, |_| true)
    }
}

fn row_key(id: &str) -> Key {
    KeyBuilder::new(ROW).str(id).build()
}

fn hash_key(hash: &str) -> Key {
    KeyBuilder::new(BY_HASH).str(hash).build()
}
