//! The consequences of one report about a run, as parts of one transaction.
//!
//! Workers, people and the clock report about runs. The consequences are the same whatever the
//! source, and are implemented here once. Each function takes part in a transaction; several may
//! take part in the same one.
//!
//! ```ignore
//! let children_of = |job| roster.read(|roster| roster.children(job));
//! let work = |unit: Transaction| async move {
//!     runs::change(&unit, run, Caller::Worker(worker), patch.clone(), &children_of).await
//! };
//! let ((), outcome) = commands.transact(&metadata, work).await?;
//! ```
//!
//! | report | function | consequences in the same append |
//! |---|---|---|
//! | it is to be executed | [`schedule()`] | a number |
//! | it is claimed, started, over, reset, … | [`change()`] | when it is over: another attempt, or its job's tally, perhaps the end of sending the job's runs, its occasion, runs of children |
//! | its worker is silent | [`give_up`] | the same as when it is over |
//! | a person ends it | [`end()`] | the same, and a log with the reason where there is none |
//! | the next occasion is due then | [`follow()`], [`give_up_following`] | a run for it |
//! | each worker of the pool is to execute it | [`spread()`] | a run for each, and an occasion that counts on them |
//! | this is what it printed | [`write_log`], [`replace_log`] | a number, the first time |
//! | kill it | [`request_kill`], [`kill()`] | a number |
//! | it takes longer than its job allows | [`time_out`] | a request to kill it |

mod change;
mod follow;
mod kill;
mod log;
mod occasion;
mod rejection;
mod retry;
mod returned;
mod schedule;
mod spread;

pub use change::{change, end, give_up};
pub use follow::{Next, follow, give_up_following};
pub use kill::{kill, request_kill, time_out};
pub use log::{replace_log, write_log};
pub use rejection::RunsRejection;
pub use returned::ChildrenOf;
pub use schedule::{Plan, reschedule, schedule};
pub use spread::spread;

/// The kind of numbers that runs have; see [`crate::numbers`].
pub const RUN: &str = "run";

/// The kind of numbers that kill requests have.
pub const KILL_REQUEST: &str = "kill_request";

/// The kind of numbers that logs of runs have.
pub const RUN_LOG: &str = "run_log";

#[cfg(test)]
mod tests;
