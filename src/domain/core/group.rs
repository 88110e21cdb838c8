//! A group of users: projects name the groups whose members see and change them.
//!
//! That no name is used twice is promised by [`crate::core::name`].

use crate::kernel::record::record;

record! {
    /// What decisions about a group depend on.
    Group("group") {
        category: "group",
        events: GroupEvent,
        commands: GroupCommand,
        rejections: GroupRejection {},
    }

    Create -> Created = "group.created" v 1 [audited],
    Edit -> Edited = "group.edited" v 1 [audited],

    /// The unique name.
    edit name: String,
}
