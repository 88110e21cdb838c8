//! A project: jobs that are seen and changed by the same people.

mod decide;
mod event;

pub use decide::{Project, ProjectCommand, ProjectRejection};
pub use event::*;
