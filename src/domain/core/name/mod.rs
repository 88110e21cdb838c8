//! Unique names: of groups and users, of jobs in a template, the API keys of workers.
//!
//! No view can promise that, because two that look at it at the same time both find a name free. A
//! name is taken in the same unit of work in which the thing gets it.

mod decide;
mod event;

pub use decide::{Name, NameCommand, NameRejection};
pub use event::*;
