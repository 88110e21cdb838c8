//! Builds that a CI system reports, what they use, and what the next ones are given.

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
        /// … to a build.
        Build(build::BuildEvent) = "build",
        /// … to a machine that builds run on.
        Node(node::NodeEvent) = "node",
    }
}
