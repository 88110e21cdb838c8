//! What may have happened to mails.

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
    RunFailed {
        run: u64,
    },
    /// There is no time for the next occasion of a job.
    NotFollowed {
        run: u64,
    },
    PoolSilent {
        worker_pool: u64,
    },
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
    pub about: About,
    /// How many attempts there were.
    pub attempts: u32,
    /// What went wrong with the last of them.
    pub error: String,
    pub at: Timestamp,
}
