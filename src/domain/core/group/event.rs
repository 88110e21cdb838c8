//! What may have happened to a group.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::change::edits;
use crate::kernel::event::events;

events! {
    /// What may have happened to a group. Streams: `group-<number>`.
    GroupEvent {
        /// It is there.
        Created(Created) = "group.created" v 1 [audited],
        /// It has another name.
        Edited(Edited) = "group.edited" v 1 [audited],
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

impl Created {
    /// A group of which nothing was said yet.
    #[must_use]
    pub fn blank(number: u64, at: Timestamp) -> Self {
        Self {
            number,
            name: String::new(),
            at,
        }
    }
}

edits! {
    /// `group.edited`: what is not spoken of stays.
    Edited of Created {
        /// What people call it.
        name: String,
    }
}
