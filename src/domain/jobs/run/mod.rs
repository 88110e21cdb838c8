//! A run: one execution of a job, from the plan to what its worker said in the end.
//!
//! The job runner's clients PATCH fields. What that means is said in [`RunEvent`]: setting a worker
//! and an enqueue time is a claim, emptying both times a reset, and so on; only what means nothing
//! in particular stays a patch.
//!
//! Runs of one occasion (all those with the same schedule id) return into a stream of their own, so
//! that only one of them is the last: [`Occasion`].
//!
//! What follows from a return follows once, because all of it is one unit of work that begins with
//! the run:
//!
//! 1. The run hears that it is over. Go on for each of its events that has a [`RunEvent::outcome`];
//!    unless its job tries again ([`crate::jobs::schedule::Retries`]): then another run takes its
//!    place, and all that follows from the occasion follows from the last attempt.
//! 2. The job's [`crate::jobs::job::Tally`] counts it; one failure too many suspends the job.
//! 3. The [`Occasion`] hears of it, and says whether others are open.
//! 4. [`crate::jobs::schedule::due_children`] says which jobs get a run now.
//!
//! A run that is [`RunEvent::Reopened`] is told to its occasion as well, and may then return again.

mod decide;
mod event;
mod occasion;

pub use decide::{Caller, Run, RunCommand, RunFacts, RunRejection};
pub use event::*;
pub use occasion::{Occasion, OccasionCommand, OccasionRejection};

#[cfg(test)]
mod tests;
