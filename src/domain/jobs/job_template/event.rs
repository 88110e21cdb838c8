//! What may have happened to a job template.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::change::edits;
use crate::kernel::event::events;
use crate::{BlobRef, LongText};

events! {
    /// What may have happened to a job template. Streams: `job_template-<number>`.
    JobTemplateEvent {
        /// It is there.
        Created(Created) = "job_template.created" v 1 [audited, blobs],
        /// It is described otherwise.
        Edited(Edited) = "job_template.edited" v 1 [audited, blobs],
        /// Runs are no longer sent for its sake, except those that a person asked for.
        EnqueueSuspended(EnqueueSuspended) = "job_template.enqueue_suspended" v 1 [audited],
        /// Runs are sent again.
        EnqueueResumed(EnqueueResumed) = "job_template.enqueue_resumed" v 1 [audited],
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

impl Created {
    pub(crate) fn blobs(&self) -> Vec<&BlobRef> {
        self.body.blob().into_iter().collect()
    }
}

impl Created {
    /// A job template of which nothing was said yet, not even to which project it belongs.
    #[must_use]
    pub fn blank(number: u64, at: Timestamp) -> Self {
        Self {
            number,
            title: String::new(),
            description: String::new(),
            project: 0,
            body: LongText::default(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            at,
        }
    }
}

edits! {
    /// `job_template.edited`: what is not spoken of stays.
    Edited of Created {
        /// What people call it.
        title: String,
        /// What it is for.
        description: String,
        /// The number of the project that its jobs belong to.
        project: u64,
        /// What stands around a script; `{{ content }}` is where.
        body: LongText,
        /// Who is told about failures, one address on each line.
        notification_addresses: String,
    }
}

impl Edited {
    pub(crate) fn blobs(&self) -> Vec<&BlobRef> {
        self.body.iter().filter_map(LongText::blob).collect()
    }
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
