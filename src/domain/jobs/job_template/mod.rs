//! A template: what stands around the scripts of its jobs.

mod decide;
mod event;
mod script;

pub use decide::{JobTemplate, JobTemplateCommand, JobTemplateRejection};
pub use event::*;
pub use script::script_of;
