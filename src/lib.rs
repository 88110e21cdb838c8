//! Tallyman: an event-sourced backend for build farms and job control.
//!
//! This crate is the wiring: flags become a configuration (`config`), a configuration becomes a house
//! (`house`), a house gets doors (`doors`) and serves (`serve`). Nothing is decided here.

mod cli;
mod collector;
mod config;
mod dispatcher;
mod doors;
mod evaluate;
mod house;
mod sample;
mod serve;
mod telemetry;

pub use cli::run;
