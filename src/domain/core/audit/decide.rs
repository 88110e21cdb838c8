//! What an audit stream may do: take a note, and not the same note about a body twice.

use std::collections::BTreeSet;

use jiff::Timestamp;
use thiserror::Error;

use super::{
    AuditEvent, BodyRefused, BodyResubmitted, LoggedIn, LoginRefused, OperationStarted,
    WebhookIgnored, WebhookRejected, WriteRefused,
};
use crate::{Aggregate, History};

/// What decisions about a refused body rest on. Other notes rest on nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// What was found wrong since the body was last accepted.
    open: BTreeSet<Vec<String>>,
    refused: BTreeSet<(Timestamp, Vec<String>)>,
    resubmitted: BTreeSet<(Timestamp, bool, Vec<String>)>,
}

/// Commands to an audit stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditCommand {
    /// Note a webhook with a missing or wrong credential.
    RejectWebhook(WebhookRejected),
    /// Record a webhook of an ignored kind.
    IgnoreWebhook(WebhookIgnored),
    /// Record a refused body. The same errors again add nothing.
    RefuseBody(BodyRefused),
    /// Record that a stored body was resubmitted.
    ResubmitBody(BodyResubmitted),
    /// Note that a caller was refused a change.
    RefuseWrite(WriteRefused),
    StartOperation(OperationStarted),
    /// Record a login.
    LogIn(LoggedIn),
    RefuseLogin(LoginRefused),
}

/// Rejections of these commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuditRejection {
    /// This body was never refused.
    #[error("refused body not found")]
    UnknownBody,
}

impl Aggregate for Audit {
    const CATEGORY: &'static str = "audit";
    type Command = AuditCommand;
    type Event = AuditEvent;
    type Rejection = AuditRejection;

    fn decide(&self, command: AuditCommand) -> Result<Vec<AuditEvent>, AuditRejection> {
        use AuditCommand as C;
        use AuditEvent as E;

        Ok(match command {
            // Impossible.
            C::ResubmitBody(_) if self.refused.is_empty() => {
                return Err(AuditRejection::UnknownBody);
            }

            // Repeated.
            C::RefuseBody(data) if self.open.contains(&data.errors) => vec![],
            C::RefuseBody(data) if self.refused.contains(&(data.at, data.errors.clone())) => {
                vec![]
            }
            C::ResubmitBody(data) if self.resubmitted.contains(&data.telling()) => vec![],

            // Allowed.
            C::RefuseBody(data) => vec![E::BodyRefused(data)],
            C::ResubmitBody(data) => vec![E::BodyResubmitted(data)],
            C::RejectWebhook(data) => vec![E::WebhookRejected(data)],
            C::IgnoreWebhook(data) => vec![E::WebhookIgnored(data)],
            C::RefuseWrite(data) => vec![E::WriteRefused(data)],
            C::StartOperation(data) => vec![E::OperationStarted(data)],
            C::LogIn(data) => vec![E::LoggedIn(data)],
            C::RefuseLogin(data) => vec![E::LoginRefused(data)],
        })
    }

    fn evolve(&mut self, event: &AuditEvent) {
        use AuditEvent as E;

        match event {
            E::BodyRefused(data) => {
                self.open.insert(data.errors.clone());
                self.refused.insert((data.at, data.errors.clone()));
            }
            E::BodyResubmitted(data) => {
                if data.accepted {
                    self.open.clear();
                }
                self.resubmitted.insert(data.telling());
            }
            E::WebhookRejected(_)
            | E::WebhookIgnored(_)
            | E::WriteRefused(_)
            | E::OperationStarted(_)
            | E::LoggedIn(_)
            | E::LoginRefused(_) => {}
        }
    }

    fn history_for(command: &AuditCommand) -> History {
        use AuditCommand as C;

        match command {
            C::RefuseBody(_) | C::ResubmitBody(_) => History::Whole,
            C::RejectWebhook(_)
            | C::IgnoreWebhook(_)
            | C::RefuseWrite(_)
            | C::StartOperation(_)
            | C::LogIn(_)
            | C::RefuseLogin(_) => History::Nothing,
        }
    }
}

impl BodyResubmitted {
    fn telling(&self) -> (Timestamp, bool, Vec<String>) {
        (self.at, self.accepted, self.errors.clone())
    }
}

#[cfg(test)]
mod tests;
