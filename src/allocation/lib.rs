//! Predicts from history how much CPU and memory a build needs.
//!
//! Everything here is pure: the same samples in the same order give the same answers and the same
//! snapshot bytes, so that a replay proves what was answered. The crate refuses to know of logs,
//! HTTP, files and the clock; a projection feeds it and keeps its snapshots.
//!
//! Start reading at [`Spec`], the request, [`UsageSample`], what is learnt, and [`Answer`]; a
//! [`Model`] is what learns and answers.

// Shared with the `evaluate` example, which names the crate from outside.
#[cfg(test)]
extern crate self as allocation;

mod answer;
pub mod evaluation;
pub mod gantry;
mod key;
pub mod ladder;
mod model;
pub mod quantity;
mod refs;
pub mod sample;
mod snapshot;
pub mod strategy;
#[cfg(test)]
mod testing;
pub mod training;
mod variables;

pub use ::spec::{SPEC_BYTES_MAX, Spec, SpecError, VariantValue, Variants};
pub use answer::{Answer, Reason};
pub use gantry::Gantry;
pub use ladder::Ladder;
pub use model::{Model, ModelProgress};
pub use quantity::{Megabytes, Millicores};
pub use refs::Refs;
pub use sample::{Ending, SampleFlaw, Usage, UsageSample};
pub use snapshot::SnapshotError;
pub use strategy::{Strategy, StrategySettings};
pub use training::{Selection, Training, TrainingError};
pub use variables::{CpuFormat, Variables};
