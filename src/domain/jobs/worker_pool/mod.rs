//! A pool: workers that execute the same jobs.
//!
//! Whether any of them answers is told in a stream beside the pool's: [`Silence`].

mod decide;
mod event;
mod silence;

pub use decide::{WorkerPool, WorkerPoolCommand, WorkerPoolRejection};
pub use event::*;
pub use silence::{Silence, SilenceCommand, SilenceRejection};
