//! The reactors of the job runner over a log in memory, with workers and a mail server of other
//! makes.
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows test functions, but not the helpers next to them"
)]

mod clocks;
mod connecting;
mod crashes;
mod ears;
mod farm;
mod halted;
mod limits;
mod mails;
mod post_office;
mod retries;
mod sending;
mod silence;
