//! How much CPU and memory does a build need?
//!
//! One model of each strategy learns from the builds of the log as it is configured; models that
//! were trained and promoted learn as well, and answer instead. The log defines the models and
//! which one answers, and a model is a pure function of its training and of the log: when a
//! promoted one is not in memory, the fold reads the log again, up to its current event.

pub mod accuracy;

mod answers;
mod builds;
mod fold;
mod models;
mod settings;
mod snapshot;
#[cfg(test)]
mod tests;
mod train;

use std::sync::Arc;

use eventlog::EventLog;
use parking_lot::{Mutex, RwLock};

use models::{Models, Shelf};

pub use ::allocation::evaluation::Score;
pub use ::allocation::{Training, TrainingError};
pub use answers::{Allocation, Answered, ModelStatus};
pub use builds::{BUILD_TYPES, read_builds, sample_of};
pub use fold::AllocationFold;
pub use models::ModelRow;
pub use settings::{AllocationSettings, StrategyName};
pub use train::{Trained, catch_up, train};

struct Memory {
    models: RwLock<Models>,
    shelf: Mutex<Shelf>,
    /// Read again where a promoted model is not at hand.
    log: Arc<dyn EventLog>,
}
