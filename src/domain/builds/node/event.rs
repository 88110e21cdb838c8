//! What may have happened to a machine.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::event::events;

events! {
    /// What may have happened to a machine. Streams: `node-<system uuid>`.
    NodeEvent {
        /// A machine was described for the first time, or has changed.
        Described(Described) = "node.described" v 1,
    }
}

/// `node.described`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// Its `system_uuid`.
    pub uuid: String,
    pub hostname: String,
    pub cores: f64,
    /// Bytes.
    pub memory: f64,
    /// The architecture, as Kubernetes names it.
    pub arch: String,
    pub os: String,
    /// What the cloud calls this kind of machine.
    pub instance_type: String,
    pub at: Timestamp,
}
