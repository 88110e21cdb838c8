//! What may have happened to a token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::event::events;

events! {
    /// What may have happened to a token. Streams: `token-<id>`.
    TokenEvent {
        /// It was made and shown once.
        Issued(Issued) = "token.issued" v 1 [audited],
        /// It is no longer accepted.
        Revoked(Revoked) = "token.revoked" v 1 [audited],
    }
}

/// What a token's holder may do. Each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Reader,
    /// Requeue, rebuild, resubmit.
    Operator,
    /// Everything, tokens included.
    Admin,
}

/// `token.issued`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// What people call it.
    pub name: String,
    /// SHA-256 of the token's 32 random bytes as they are presented, 64 hexadecimal digits.
    pub hash: String,
    /// What its holder may do.
    pub role: Role,
    /// When non-empty, the only scopes in which the role counts (`events:read`, `builds:write`, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// When it ceases to be accepted by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub at: Timestamp,
}

/// `token.revoked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    pub at: Timestamp,
}
