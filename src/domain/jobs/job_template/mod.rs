//! A job template: the text around the scripts of its jobs.

mod script;
#[cfg(test)]
mod tests;

use crate::kernel::record::record;

pub use script::script_of;

record! {
    /// What decisions about a job template depend on.
    JobTemplate("job template") {
        category: "job_template",
        events: JobTemplateEvent,
        commands: JobTemplateCommand,
        rejections: JobTemplateRejection {
            /// The text has to be stored elsewhere first.
            #[error("the body is too long for an event")]
            BodyTooLong,
        },
        checked by: check,
    }

    Create -> Created = "job_template.created" v 1 [audited, blobs],
    Edit -> Edited = "job_template.edited" v 1 [audited, blobs],

    /// The title, unique in the project.
    edit title: String,
    edit description: String,
    /// The number of the project that its jobs belong to.
    edit project: u64,
    /// The text around a script, which replaces `{{ content }}`.
    edit body: LongText,
    /// Who gets mail about failures, one address on each line.
    edit notification_addresses: String,
    /// Whether runs are sent.
    switch enqueue_is_enabled {
        /// Its runs are no longer sent, except those that a person requested.
        off Suspend -> EnqueueSuspended = "job_template.enqueue_suspended" v 1 [audited],
        /// Its runs are sent again.
        on Resume -> EnqueueResumed = "job_template.enqueue_resumed" v 1 [audited],
    }
}

impl Created {
    fn check(&self) -> Result<(), JobTemplateRejection> {
        if !self.body.fits() {
            return Err(JobTemplateRejection::BodyTooLong);
        }
        Ok(())
    }
}
