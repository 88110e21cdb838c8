//! What every context needs: numbers, names, tokens, people and notes for auditors.
//!
//! | aggregate | its streams | what it decides |
//! |---|---|---|
//! | [`token::Token`] | `token-<id>` | that a token is issued once and revoked for good |
//! | [`audit::Audit`] | `audit-<date>`, `audit-body:<digest>` | that a refused body is noted once |
//! | [`numbers::Numbers`] | `numbers-<kind>` | which integer comes next |
//! | [`name::Name`] | `name-<kind>:<digest>` | that a name is unique |
//! | [`group::Group`], [`user::User`] | `<category>-<number>` | what they are; records |

pub mod audit;
pub mod group;
pub mod name;
pub mod numbers;
pub mod token;
pub mod user;

use crate::kernel::event::context;

context! {
    /// What may have happened in the context `core`.
    CoreEvent {
        /// … for auditors only.
        Audit(audit::AuditEvent) = "audit",
        Group(group::GroupEvent) = "group",
        /// … to a name that is unique.
        Name(name::NameEvent) = "name",
        /// … to a counter of integer ids.
        Numbers(numbers::NumbersEvent) = "numbers",
        Token(token::TokenEvent) = "token",
        /// … to a person who logs in.
        User(user::UserEvent) = "user",
    }
}
