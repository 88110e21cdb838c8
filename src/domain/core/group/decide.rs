//! What a group may do.
//!
//! That no name stands twice is promised by [`crate::core::name`].

use thiserror::Error;

use super::{Created, Edited, GroupEvent};
use crate::Aggregate;

/// What decisions about a group rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    created: Option<Created>,
    facts: Option<Created>,
}

/// What one may ask of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupCommand {
    /// Begin it.
    Create(Created),
    /// Change it. What is as it was is left out.
    Edit(Edited),
}

/// How a group says no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupRejection {
    /// It was never created.
    #[error("no such group was created")]
    Unknown,
    /// Another group has this number.
    #[error("a group with this number is already created")]
    AlreadyCreated,
}

impl Group {
    /// How it stands: what was created, and what was changed since. `at` is when it was created.
    #[must_use]
    pub fn facts(&self) -> Option<&Created> {
        self.facts.as_ref()
    }
}

impl Aggregate for Group {
    const CATEGORY: &'static str = "group";
    type Command = GroupCommand;
    type Event = GroupEvent;
    type Rejection = GroupRejection;

    fn decide(&self, command: GroupCommand) -> Result<Vec<GroupEvent>, GroupRejection> {
        use GroupCommand as C;
        use GroupEvent as E;
        use GroupRejection as R;

        let Some(facts) = &self.facts else {
            return match command {
                C::Create(data) => Ok(vec![E::Created(data)]),
                _ => Err(R::Unknown),
            };
        };
        Ok(match command {
            // Repeated.
            C::Create(data) if self.created.as_ref() == Some(&data) => vec![],

            // Refused.
            C::Create(_) => return Err(R::AlreadyCreated),

            // Allowed.
            C::Edit(data) => facts.differing(data).map(E::Edited).into_iter().collect(),
        })
    }

    fn evolve(&mut self, event: &GroupEvent) {
        if let GroupEvent::Created(data) = event {
            self.created = Some(data.clone());
            self.facts = Some(data.clone());
        } else if let Some(facts) = &mut self.facts {
            facts.evolve(event);
        }
    }
}

impl Created {
    /// Takes note of what has happened since. Views that show groups fold them with this.
    pub fn evolve(&mut self, event: &GroupEvent) {
        use GroupEvent as E;

        match event {
            E::Created(_) => {}
            E::Edited(data) => self.edit(data),
        }
    }
}

#[cfg(test)]
mod tests;
