//! What may have happened to a group.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::events;

events! {
    /// What may have happened to a group. Streams: `group-<number>`.
    GroupEvent {
        /// It is there.
        Created(Created) = "group.created" v 1,
        /// It has another name.
        Edited(Edited) = "group.edited" v 1,
    }
}

/// `group.created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The group's number.
    pub number: u64,
    /// What people call it.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// `group.edited`: what is not spoken of stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Edited {
    /// An edit that changes nothing.
    #[must_use]
    pub fn nothing(at: Timestamp) -> Self {
        Self { name: None, at }
    }
}
