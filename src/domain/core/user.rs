//! A user who logs in, and the groups that decide what they see.
//!
//! That no name is used twice is promised by [`crate::core::name`].

use crate::PasswordHash;
use crate::kernel::record::record;

record! {
    /// What decisions about a user depend on.
    User("user") {
        category: "user",
        events: UserEvent,
        commands: UserCommand,
        rejections: UserRejection {},
    }

    /// It was created and may log in.
    Create -> Created = "user.created" v 1 [audited],
    /// It was renamed, or became or ceased to be an administrator.
    Edit -> Edited = "user.edited" v 1 [audited],

    /// The unique name with which they log in.
    edit name: String,
    /// The hash that recognises the password.
    change password: PasswordHash {
        ChangePassword -> PasswordChanged = "user.password_changed" v 1 [audited],
    }
    /// Whether they may administer everything. What they see depends on groups alone.
    edit is_superuser: bool,
    /// Whether they may log in.
    switch is_enabled {
        /// It may no longer log in.
        off Disable -> Disabled = "user.disabled" v 1 [audited],
        /// It may log in again.
        on Enable -> Enabled = "user.enabled" v 1 [audited],
    }
    /// The numbers of the groups they belong to.
    set groups of group {
        add JoinGroup -> GroupJoined = "user.group_joined" v 1 [audited],
        /// It no longer belongs to a group.
        remove LeaveGroup -> GroupLeft = "user.group_left" v 1 [audited],
    }
}
