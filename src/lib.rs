//! Tallyman: an event-sourced backend for build farms and job control.
//!
//! This crate is the wiring: flags become a configuration (`config`), a configuration becomes an app
//! (`app`), an app gets routes (`app::routes`) and serves (`serve`). Nothing is decided here.

mod cli;
mod collector;
mod config;
mod dispatcher;

mod app;
mod evaluate;
mod sample;
mod serve;
mod telemetry;

pub use cli::run;
