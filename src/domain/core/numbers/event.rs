//! What may have happened to a counter.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::event::events;

events! {
    /// What may have happened to a counter. Streams: `numbers-<kind>`.
    NumbersEvent {
        /// Numbers were given out, and will not be again.
        Taken(Taken) = "numbers.taken" v 1,
    }
}

/// `numbers.taken`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub first: u64,
    pub count: u64,
    pub at: Timestamp,
}
