//! A pool: workers that execute the same jobs.

mod decide;
mod event;

pub use decide::{WorkerPool, WorkerPoolCommand, WorkerPoolRejection};
pub use event::*;
