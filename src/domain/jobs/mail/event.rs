//! What may have happened to mails.

#![expect(missing_docs, reason = "fields are named as on the wire")]

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::event::events;

events! {
    /// What may have happened to mails. Streams: `mail-<whose>`.
    MailEvent {
        /// Mail is sent about events from here on.
        Begun(Begun) = "mail.begun" v 1,
        /// A server has taken one.
        Sent(Sent) = "mail.sent" v 1,
        /// No server took one, however often it was tried.
        Abandoned(Abandoned) = "mail.abandoned" v 1,
    }
}

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A run failed.
    RunFailed { run: u64 },
    /// There is no time for the next occasion of a job.
    NotFollowed {
        /// The last run of it.
        run: u64,
    },
    /// No worker of a pool answers.
    PoolSilent { worker_pool: u64 },
}

/// `mail.begun`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Mail is sent about events after this position.
    pub after: u64,
    pub at: Timestamp,
}

/// `mail.sent`. It holds no mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The position of the event for whose sake it was sent.
    pub cause: u64,
    /// What it was about.
    pub about: About,
    /// How many people it was sent to.
    pub recipients: u32,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    pub at: Timestamp,
}

/// `mail.abandoned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandoned {
    /// The position of the event for whose sake it was to be sent.
    pub cause: u64,
    /// What it was about.
    pub about: About,
    /// How many attempts there were.
    pub attempts: u32,
    /// What went wrong with the last of them.
    pub error: String,
    pub at: Timestamp,
}
