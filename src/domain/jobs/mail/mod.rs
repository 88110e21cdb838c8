//! Mails about failures. Their causes are in the log already; these events record which mails were
//! sent, so that a restart neither repeats nor forgets one.

mod decide;
mod event;

pub use decide::{Mailing, MailingCommand, MailingRejection};
pub use event::*;
