//! Carries events of the log to other systems, and their answers back into the log.
//!
//! log → outside world → command, at least once. What there is to do is a fold of the log (a view),
//! so the log itself is the checkpoint: a crash at any moment loses nothing, and because the
//! decider accepts one outcome only, a repetition doubles nothing. Replays never run anything in
//! here.
//!
//! This crate knows no HTTP surface of ours and no storage. Asking is done by small clients that
//! know one configured address each ([`prometheus`], [`gitlab`]); what the answers mean is decided
//! by pure functions ([`usage`]).
//!
//! Start reading at [`collector`], which learns what builds used, then [`frame`], the loop that it
//! shares with every reactor to come.

mod boot;
mod caught_up;
mod faults;
mod outside;
mod steady;

pub mod awake;
pub mod collector;
pub mod dispatcher;
pub mod frame;
pub mod gitlab;
pub mod health;
pub mod liveness;
pub mod mails;
pub mod ports;
pub mod prometheus;
pub mod usage;
pub mod worker_events;

pub use faults::Faults;
pub use outside::{AskError, ConfigError};
