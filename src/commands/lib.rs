//! Changes things: loads what happened, lets the domain decide, appends what follows, and starts
//! again when another append was faster.
//!
//! This crate knows the domain and a log, and neither HTTP nor any view. Start reading at
//! [`Commands::execute`] (one command for one thing), then [`Commands::transact`] (several things
//! that follow from one request are one append), then [`numbers`] (integer ids without gaps),
//! [`names`] (unique names) and [`runs`] (the consequences of reports about runs).

mod activity;
mod attempts;
mod auditor;
mod backoff;
mod clock;
mod commands;
mod error;
mod ids;
mod load;
mod locks;
mod log_limit;
pub mod names;
pub mod numbers;
mod outcome;
pub mod runs;
mod stats;
mod transaction;
mod unit;
mod zone;

#[cfg(test)]
mod testing;

use std::pin::Pin;

/// A future behind a pointer. The body of an `async fn` is compiled again in every crate that awaits it, with everything
/// that it awaits; the body behind such a pointer is compiled once, here.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub use auditor::{Auditor, Noted};
pub use clock::Clock;
pub use commands::{Commands, Loaded};
pub use error::CommandError;
pub use ids::event_id;
pub use log_limit::LogLimit;
pub use outcome::{Appended1, Outcome};
pub use stats::CommandStats;
pub use transaction::Transaction;
pub use zone::time_zone;

/// The most events of one stream that a decision reads. A command on a longer stream is an error;
/// none of our streams comes near.
pub const STREAM_EVENTS_MAX: usize = 10_000;

/// How often a command is decided again because its stream has changed, before it gives up.
pub const ATTEMPTS_MAX: u32 = 32;
