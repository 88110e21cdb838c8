//! What may become of mails: each is sent once or abandoned, in the order of their causes.

use thiserror::Error;

use super::{Abandoned, Begun, MailEvent, Sent};
use crate::{Aggregate, History};

/// The position up to which mail was sent. Streams: `mail-<whose>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mailing {
    data: Option<u64>,
}

/// Commands to a mailing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailingCommand {
    /// Send mail about events from this position on. A mailing that has begun keeps its position.
    Begin(Begun),
    /// Take note that a mail was sent.
    NoteSent(Sent),
    /// Take note that a mail cannot be sent.
    Abandon(Abandoned),
}

/// Rejections of these commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MailingRejection {
    /// The mailing was never begun.
    #[error("the mailing has not begun")]
    NotBegun,
}

impl Mailing {
    /// The key of the stream of the job runner's mails.
    pub const JOB_RUNNER: &'static str = "job_runner";

    /// The position up to which all mail was sent; none before the mailing begins.
    #[must_use]
    pub fn data(&self) -> Option<u64> {
        self.data
    }
}

impl Aggregate for Mailing {
    const CATEGORY: &'static str = "mail";
    const HISTORY: History = History::Last;
    type Command = MailingCommand;
    type Event = MailEvent;
    type Rejection = MailingRejection;

    fn decide(&self, command: MailingCommand) -> Result<Vec<MailEvent>, MailingRejection> {
        use MailingCommand as C;

        Ok(match (self.data, command) {
            // Repeated.
            (Some(_), C::Begin(_)) => vec![],
            (Some(data), C::NoteSent(Sent { cause, .. }) | C::Abandon(Abandoned { cause, .. }))
                if cause <= data =>
            {
                vec![]
            }

            // Impossible.
            (None, C::NoteSent(_) | C::Abandon(_)) => return Err(MailingRejection::NotBegun),

            // Allowed.
            (None, C::Begin(begun)) => vec![MailEvent::Begun(begun)],
            (Some(_), C::NoteSent(sent)) => vec![MailEvent::Sent(sent)],
            (Some(_), C::Abandon(abandoned)) => vec![MailEvent::Abandoned(abandoned)],
        })
    }

    fn evolve(&mut self, event: &MailEvent) {
        let data = match event {
            MailEvent::Begun(begun) => begun.after,
            MailEvent::Sent(sent) => sent.cause,
            MailEvent::Abandoned(abandoned) => abandoned.cause,
        };
        self.data = self.data.max(Some(data));
    }
}

#[cfg(test)]
mod tests;
