//! Tallyman: an event-sourced backend for build farms and job control.
//!
//! This crate is the wiring: flags become a configuration, a configuration becomes a house, a house serves.

mod config;
mod telemetry;
