//! Events for auditors only.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::BlobRef;
use crate::kernel::event::events;

events! {
    /// Events for auditors only. Streams: `audit-<date>`, and `audit-body:<digest>` for a body that
    /// was refused.
    AuditEvent {
        /// A webhook with a missing or wrong credential.
        WebhookRejected(WebhookRejected) = "audit.webhook_rejected" v 1 [audited],
        WebhookIgnored(WebhookIgnored) = "audit.webhook_ignored" v 1 [audited],
        /// A body that could not be taken, kept for an operator.
        BodyRefused(BodyRefused) = "audit.body_refused" v 1 [audited, blobs],
        BodyResubmitted(BodyResubmitted) = "audit.body_resubmitted" v 1 [audited],
        /// A caller was refused something that would have changed the farm.
        WriteRefused(WriteRefused) = "audit.write_refused" v 1 [audited],
        OperationStarted(OperationStarted) = "audit.operation_started" v 1 [audited],
        LoggedIn(LoggedIn) = "audit.logged_in" v 1 [audited],
        LoginRefused(LoginRefused) = "audit.login_refused" v 1 [audited],
    }
}

/// `audit.webhook_rejected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRejected {
    pub dialect: String,
    /// What was wrong; never the credential.
    pub reason: String,
    /// How many more were rejected since the last such event and are not written one by one.
    pub unwritten: u64,
    pub at: Timestamp,
}

/// `audit.webhook_ignored`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookIgnored {
    pub dialect: String,
    /// Who sent it.
    pub source: String,
    /// The kind that it declared, if any.
    pub kind: String,
    /// How many more were ignored since the last such event and are not written one by one.
    pub unwritten: u64,
    pub at: Timestamp,
}

/// `audit.body_refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyRefused {
    pub dialect: String,
    /// Who sent it.
    pub source: String,
    /// What was wrong, every fault at once.
    pub errors: Vec<String>,
    pub body: BlobRef,
    /// The headers that a resubmission needs (kind, instance, delivery key); never a credential.
    pub headers: Vec<(String, String)>,
    pub at: Timestamp,
}

impl BodyRefused {
    pub(crate) fn blobs(&self) -> Vec<&BlobRef> {
        vec![&self.body]
    }
}

/// `audit.body_resubmitted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyResubmitted {
    pub accepted: bool,
    /// What was still wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    pub at: Timestamp,
}

/// `audit.write_refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteRefused {
    pub method: String,
    /// The route, without its query.
    pub path: String,
    pub status: u16,
    pub reason: String,
    /// How many more were refused since the last such event and are not written one by one.
    pub unwritten: u64,
    pub at: Timestamp,
}

/// `audit.operation_started`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationStarted {
    /// The operation's id.
    pub operation: String,
    /// What it does: `rebuild`, …
    pub kind: String,
    pub subject: String,
    pub at: Timestamp,
}

/// `audit.logged_in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedIn {
    pub user: u64,
    pub at: Timestamp,
}

/// `audit.login_refused`. An unknown name is not recorded: it may be a password in the wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRefused {
    /// The number of the user with the given name, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u64>,
    /// How many more were refused since the last such event and are not written one by one.
    pub unwritten: u64,
    pub at: Timestamp,
}
