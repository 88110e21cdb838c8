//! Tallyman: an event-sourced backend for build farms and job control.
//!
//! This crate is the wiring: flags become a configuration (`config`), a configuration becomes an application of
//! services and modules (`app`, `app::modules`), which is served (`serve`). Arrows go one way: `cli` → `serve` → `app`
//! → `telemetry` → `config`.

mod app;
pub mod bench;
mod cli;
mod config;
mod evaluate;
mod sample;
mod serve;
mod telemetry;

pub use cli::{run, run_with};
