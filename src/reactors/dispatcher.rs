//! Tells workers what to run.

pub mod farm;
pub mod plan;
