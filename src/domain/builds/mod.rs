//! Builds that a CI system reports, what they use, and what the next ones are given.
//!
//! | aggregate | its streams | what it decides |
//! |---|---|---|
//! | [`build::Build`] | `build-<source>:<number>` | that each collection of a build's usage ends exactly once |
//! | [`node::Node`] | `node-<system uuid>` | whether a machine is still as it was |
//! | [`allocation::Answers`] | `allocation-<package>` | nothing: an answer is a note |
//! | [`allocation::Models`] | `allocation-model:registry` | which trained model answers, and what a rollback goes back to |

pub mod allocation;
pub mod build;
pub mod node;

use crate::kernel::event::context;

context! {
    /// What may have happened in the context `builds`.
    #[expect(
        clippy::large_enum_variant,
        reason = "events are decoded one at a time, and a box costs every replay"
    )]
    BuildsEvent {
        /// … to an answer, or to a model that answers.
        Allocation(allocation::AllocationEvent) = "allocation",
        Build(build::BuildEvent) = "build",
        /// … to a machine that builds run on.
        Node(node::NodeEvent) = "node",
    }
}
