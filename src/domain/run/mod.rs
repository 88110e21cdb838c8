//! A run: one execution of a job, from the plan to what its worker said in the end.
//!
//! The job runner's clients PATCH fields. What that means is said in [`RunEvent`]: setting a worker and an
//! enqueue time is a claim, emptying both times a reset, and so on; only what means nothing in particular
//! stays a patch.
//!
//! Runs of one occasion (all those with the same schedule id) return into a stream of their own, so that
//! only one of them is the last: [`Occasion`].

mod decide;
mod event;
mod occasion;

pub use decide::{Caller, Run, RunCommand, RunFacts, RunRejection};
pub use event::*;
pub use occasion::{Occasion, OccasionCommand, OccasionRejection};
