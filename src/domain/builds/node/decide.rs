//! What a machine may do: be described.

use thiserror::Error;

use super::{Described, NodeEvent};
use crate::Aggregate;

/// What decisions about a machine rest on: every description of it, the last of them being true
/// now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    descriptions: Vec<Described>,
}

/// Commands to a machine.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeCommand {
    /// Take note of how it is. Adds nothing when nothing but the time differs from how it is known
    /// to be.
    Describe(Described),
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NodeRejection {
    /// JSON has no such number, so it could be written and never read again.
    #[error("{field} is not a finite number")]
    NotFinite { field: &'static str },
}

impl Aggregate for Node {
    const CATEGORY: &'static str = "node";
    type Command = NodeCommand;
    type Event = NodeEvent;
    type Rejection = NodeRejection;

    fn decide(&self, command: NodeCommand) -> Result<Vec<NodeEvent>, NodeRejection> {
        use NodeCommand as C;
        use NodeRejection as R;

        Ok(match (self.descriptions.last(), command) {
            // Impossible.
            (_, C::Describe(data)) if !data.cores.is_finite() => {
                return Err(R::NotFinite { field: "cores" });
            }
            (_, C::Describe(data)) if !data.memory.is_finite() => {
                return Err(R::NotFinite { field: "memory" });
            }

            // Repeated. A machine may go back to how it was, but not twice at the same moment.
            (Some(known), C::Describe(data)) if known.is_same_machine_state(&data) => vec![],
            (_, C::Describe(data)) if self.descriptions.contains(&data) => vec![],

            // Allowed.
            (_, C::Describe(data)) => vec![NodeEvent::Described(data)],
        })
    }

    fn evolve(&mut self, event: &NodeEvent) {
        match event {
            NodeEvent::Described(data) => self.descriptions.push(data.clone()),
        }
    }
}

impl Described {
    /// Whether nothing but the time differs.
    fn is_same_machine_state(&self, other: &Self) -> bool {
        let Self {
            uuid,
            hostname,
            cores,
            memory,
            arch,
            os,
            instance_type,
            at: _,
        } = self;
        (uuid, hostname, arch, os, instance_type)
            == (
                &other.uuid,
                &other.hostname,
                &other.arch,
                &other.os,
                &other.instance_type,
            )
            && (*cores, *memory) == (other.cores, other.memory)
    }
}

#[cfg(test)]
mod tests;
