//! Events for auditors only: what was refused, ignored or done by hand.

mod decide;
mod event;

pub use decide::{Audit, AuditCommand, AuditRejection};
pub use event::*;
