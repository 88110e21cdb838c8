//! What every context needs: numbers, names, tokens, people and notes for auditors.

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
        /// … to a group of users.
        Group(group::GroupEvent) = "group",
        /// … to a name that is unique.
        Name(name::NameEvent) = "name",
        /// … to a counter of integer ids.
        Numbers(numbers::NumbersEvent) = "numbers",
        /// … to an API token.
        Token(token::TokenEvent) = "token",
        /// … to a person who logs in.
        User(user::UserEvent) = "user",
    }
}
