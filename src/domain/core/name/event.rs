//! What may have happened to a name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::event::events;

events! {
    /// What may have happened to a name. Streams: `name-<kind>:<digest>`.
    NameEvent {
        /// Something is called so.
        Taken(Taken) = "name.taken" v 1,
        /// Nothing is called so any longer.
        Released(Released) = "name.released" v 1,
    }
}

/// `name.taken`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Of what: `worker_key`, `group`, `user`, `job:<template>`, …
    pub kind: String,
    pub name: String,
    /// The number of the thing.
    pub by: u64,
    pub at: Timestamp,
}

/// `name.released`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The number of the thing.
    pub by: u64,
    pub at: Timestamp,
}
