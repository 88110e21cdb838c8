//! Mails about what went wrong. Why one is due stands in the log already; here is written down
//! which were sent, so that a restart sends none again and forgets none.

mod decide;
mod event;

pub use decide::{Mailing, MailingCommand, MailingRejection};
pub use event::*;
