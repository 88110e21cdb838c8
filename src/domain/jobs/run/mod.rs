//! A run: one execution of a job, from the plan to its worker's last report.
//!
//! The job runner's clients PATCH fields. [`RunEvent`] gives the meaning: setting a worker and an
//! enqueue time is a claim, emptying both times a reset, and so on; only fields without a meaning
//! stay a patch.
//!
//! Runs of one occasion (all those with the same schedule id) return into a stream of their own, so
//! that only one of them is the last: [`Occasion`].
//!
//! What follows from a return follows once, because all of it is one unit of work that begins with
//! the run:
//!
//! 1. The run gets the report of its end. Continue for each of its events that has a
//!    [`RunEvent::outcome`], unless its job is retried ([`crate::jobs::schedule::Retries`]): then
//!    another run replaces it, and the consequences for the occasion follow from the last attempt.
//! 2. The job's [`crate::jobs::job::Tally`] counts it; one failure too many suspends the job.
//! 3. The [`Occasion`] records it, and returns whether others are open.
//! 4. [`crate::jobs::schedule::due_children`] returns the jobs that get a run now.
//!
//! A [`RunEvent::Reopened`] run is also recorded in its occasion, and may then return again.

mod decide;
mod event;
mod occasion;

pub use decide::{Caller, Run, RunCommand, RunFacts, RunRejection};
pub use event::*;
pub use occasion::{Occasion, OccasionCommand, OccasionRejection};

#[cfg(test)]
mod tests;
