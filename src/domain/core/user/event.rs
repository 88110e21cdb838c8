//! What may have happened to a user.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::PasswordHash;
use crate::kernel::change::edits;
use crate::kernel::event::events;

events! {
    /// What may have happened to a user. Streams: `user-<number>`.
    UserEvent {
        /// They may log in.
        Created(Created) = "user.created" v 1 [audited],
        /// They are called otherwise, or may do otherwise.
        Edited(Edited) = "user.edited" v 1 [audited],
        /// They have another password.
        PasswordChanged(PasswordChanged) = "user.password_changed" v 1 [audited],
        /// They may log in no longer.
        Disabled(Disabled) = "user.disabled" v 1 [audited],
        /// They may log in again.
        Enabled(Enabled) = "user.enabled" v 1 [audited],
        /// They belong to a group.
        GroupJoined(GroupJoined) = "user.group_joined" v 1 [audited],
        /// They belong to a group no longer.
        GroupLeft(GroupLeft) = "user.group_left" v 1 [audited],
    }
}

/// `user.created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The user's number.
    pub number: u64,
    /// By what they log in.
    pub name: String,
    /// By what a password is recognised.
    pub password: PasswordHash,
    /// Whether they may administer everything. What they see is said by groups alone.
    pub is_superuser: bool,
    /// Whether they may log in.
    pub is_enabled: bool,
    /// The numbers of the groups they belong to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<u64>,
    /// When.
    pub at: Timestamp,
}

edits! {
    /// `user.edited`: what is not spoken of stays.
    Edited of Created {
        /// By what they log in.
        name: String,
        /// Whether they may administer everything.
        is_superuser: bool,
    }
}

/// `user.password_changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// By what the new one is recognised.
    pub password: PasswordHash,
    /// When.
    pub at: Timestamp,
}

/// `user.disabled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// When.
    pub at: Timestamp,
}

/// `user.enabled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enabled {
    /// When.
    pub at: Timestamp,
}

/// `user.group_joined`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupJoined {
    /// The number of the group.
    pub group: u64,
    /// When.
    pub at: Timestamp,
}

/// `user.group_left`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLeft {
    /// The number of the group.
    pub group: u64,
    /// When.
    pub at: Timestamp,
}
