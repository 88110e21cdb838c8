//! What may have happened to a job template.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::LongText;
use crate::event::events;

events! {
    /// What may have happened to a job template. Streams: `job_template-<number>`.
    JobTemplateEvent {
        /// It is there.
        Created(Created) = "job_template.created" v 1,
        /// It is described otherwise.
        Edited(Edited) = "job_template.edited" v 1,
        /// Runs are no longer sent for its sake, except those that a person asked for.
        EnqueueSuspended(EnqueueSuspended) = "job_template.enqueue_suspended" v 1,
        /// Runs are sent again.
        EnqueueResumed(EnqueueResumed) = "job_template.enqueue_resumed" v 1,
    }
}

/// `job_template.created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The job template's number.
    pub number: u64,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The number of the project that its jobs belong to.
    pub project: u64,
    /// What stands around a script; `{{ content }}` is where.
    pub body: LongText,
    /// Who is told about failures, one address on each line.
    pub notification_addresses: String,
    /// Whether runs are sent.
    pub enqueue_is_enabled: bool,
    /// When.
    pub at: Timestamp,
}

/// `job_template.edited`: what is not spoken of stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The number of the project that its jobs belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<u64>,
    /// What stands around a script; `{{ content }}` is where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<LongText>,
    /// Who is told about failures, one address on each line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_addresses: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// `job_template.enqueue_suspended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueSuspended {
    /// When.
    pub at: Timestamp,
}

/// `job_template.enqueue_resumed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueResumed {
    /// When.
    pub at: Timestamp,
}

impl Edited {
    /// An edit that changes nothing.
    #[must_use]
    pub fn nothing(at: Timestamp) -> Self {
        Self {
            title: None,
            description: None,
            project: None,
            body: None,
            notification_addresses: None,
            at,
        }
    }
}
