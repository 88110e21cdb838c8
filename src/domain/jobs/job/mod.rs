//! A job: a script, when it is to run, where, and what happens after it.
//!
//! Its runs are things of their own ([`crate::jobs::run`]); when the next is due is said in [`crate::jobs::schedule`].
//! How they went is counted in a stream beside the job's: [`Tally`].

mod decide;
mod event;
mod family;
mod tally;
mod wishes;

pub use decide::{Job, JobCommand, JobRejection};
pub use event::*;
pub use family::would_come_after_itself;
pub use tally::{Tally, TallyCommand, TallyRejection};
