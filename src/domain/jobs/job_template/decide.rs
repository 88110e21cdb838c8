//! What a job template may do.

use jiff::Timestamp;
use thiserror::Error;

use super::{Created, Edited, EnqueueResumed, EnqueueSuspended, JobTemplateEvent};
use crate::Aggregate;

/// What decisions about a job template rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobTemplate {
    created: Option<Created>,
    facts: Option<Created>,
}

/// What one may ask of a job template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobTemplateCommand {
    /// Begin it.
    Create(Created),
    /// Change it. What is as it was is left out.
    Edit(Edited),
    /// See [`JobTemplateEvent::EnqueueSuspended`].
    Suspend {
        /// When.
        at: Timestamp,
    },
    /// See [`JobTemplateEvent::EnqueueResumed`].
    Resume {
        /// When.
        at: Timestamp,
    },
}

/// How a job template says no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JobTemplateRejection {
    /// It was never created.
    #[error("no such job template was created")]
    Unknown,
    /// Another job template has this number.
    #[error("a job template with this number is already created")]
    AlreadyCreated,
    /// The text is to be stored elsewhere first.
    #[error("the body is too long for an event")]
    BodyTooLong,
}

impl JobTemplate {
    /// How it stands: what was created, and what was changed since. `at` is when it was created.
    #[must_use]
    pub fn facts(&self) -> Option<&Created> {
        self.facts.as_ref()
    }
}

impl Aggregate for JobTemplate {
    const CATEGORY: &'static str = "job_template";
    type Command = JobTemplateCommand;
    type Event = JobTemplateEvent;
    type Rejection = JobTemplateRejection;

    fn decide(
        &self,
        command: JobTemplateCommand,
    ) -> Result<Vec<JobTemplateEvent>, JobTemplateRejection> {
        use JobTemplateCommand as C;
        use JobTemplateEvent as E;
        use JobTemplateRejection as R;

        let Some(facts) = &self.facts else {
            return match command {
                C::Create(data) => {
                    data.check()?;
                    Ok(vec![E::Created(data)])
                }
                _ => Err(R::Unknown),
            };
        };
        Ok(match command {
            // Repeated.
            C::Create(data) if self.created.as_ref() == Some(&data) => vec![],
            C::Suspend { .. } if !facts.enqueue_is_enabled => vec![],
            C::Resume { .. } if facts.enqueue_is_enabled => vec![],

            // Refused.
            C::Create(_) => return Err(R::AlreadyCreated),

            // Allowed.
            C::Edit(data) => {
                let mut edited = facts.clone();
                edited.edit(&data);
                edited.check()?;
                facts.differing(data).map(E::Edited).into_iter().collect()
            }
            C::Suspend { at } => vec![E::EnqueueSuspended(EnqueueSuspended { at })],
            C::Resume { at } => vec![E::EnqueueResumed(EnqueueResumed { at })],
        })
    }

    fn evolve(&mut self, event: &JobTemplateEvent) {
        if let JobTemplateEvent::Created(data) = event {
            self.created = Some(data.clone());
            self.facts = Some(data.clone());
        } else if let Some(facts) = &mut self.facts {
            facts.evolve(event);
        }
    }
}

impl Created {
    /// Takes note of what has happened since. Views that show job templates fold them with this.
    pub fn evolve(&mut self, event: &JobTemplateEvent) {
        use JobTemplateEvent as E;

        match event {
            E::Created(_) => {}
            E::Edited(data) => self.edit(data),
            E::EnqueueSuspended(_) => self.enqueue_is_enabled = false,
            E::EnqueueResumed(_) => self.enqueue_is_enabled = true,
        }
    }

    fn check(&self) -> Result<(), JobTemplateRejection> {
        if !self.body.fits() {
            return Err(JobTemplateRejection::BodyTooLong);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
