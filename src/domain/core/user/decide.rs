//! What a user may do.
//!
//! That no name stands twice is promised by [`crate::core::name`].

use jiff::Timestamp;
use thiserror::Error;

use super::{
    Created, Disabled, Edited, Enabled, GroupJoined, GroupLeft, PasswordChanged, UserEvent,
};
use crate::{Aggregate, PasswordHash};

/// What decisions about a user rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    created: Option<Created>,
    facts: Option<Created>,
}

/// What one may ask of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserCommand {
    /// Let them in.
    Create(Created),
    /// Change them. What is as it was is left out.
    Edit(Edited),
    /// Recognise them by another password from now on.
    ChangePassword {
        /// By what it is recognised.
        password: PasswordHash,
        /// When.
        at: Timestamp,
    },
    /// See [`UserEvent::Disabled`].
    Disable {
        /// When.
        at: Timestamp,
    },
    /// See [`UserEvent::Enabled`].
    Enable {
        /// When.
        at: Timestamp,
    },
    /// See [`UserEvent::GroupJoined`].
    JoinGroup {
        /// The number of the group.
        group: u64,
        /// When.
        at: Timestamp,
    },
    /// See [`UserEvent::GroupLeft`].
    LeaveGroup {
        /// The number of the group.
        group: u64,
        /// When.
        at: Timestamp,
    },
}

/// How a user says no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UserRejection {
    /// They were never created.
    #[error("no such user was created")]
    Unknown,
    /// Another user has this number.
    #[error("a user with this number is already created")]
    AlreadyCreated,
}

impl User {
    /// How they stand: what was created, and what was changed since. `at` is when they were created.
    #[must_use]
    pub fn facts(&self) -> Option<&Created> {
        self.facts.as_ref()
    }
}

impl Aggregate for User {
    const CATEGORY: &'static str = "user";
    type Command = UserCommand;
    type Event = UserEvent;
    type Rejection = UserRejection;

    fn decide(&self, command: UserCommand) -> Result<Vec<UserEvent>, UserRejection> {
        use UserCommand as C;
        use UserEvent as E;
        use UserRejection as R;

        let Some(facts) = &self.facts else {
            return match command {
                C::Create(data) => Ok(vec![E::Created(data)]),
                _ => Err(R::Unknown),
            };
        };
        Ok(match command {
            // Repeated.
            C::Create(data) if self.created.as_ref() == Some(&data) => vec![],
            C::ChangePassword { password, .. } if facts.password == password => vec![],
            C::Disable { .. } if !facts.is_enabled => vec![],
            C::Enable { .. } if facts.is_enabled => vec![],
            C::JoinGroup { group, .. } if facts.groups.contains(&group) => vec![],
            C::LeaveGroup { group, .. } if !facts.groups.contains(&group) => vec![],

            // Refused.
            C::Create(_) => return Err(R::AlreadyCreated),

            // Allowed.
            C::Edit(data) => facts.differing(data).map(E::Edited).into_iter().collect(),
            C::ChangePassword { password, at } => {
                vec![E::PasswordChanged(PasswordChanged { password, at })]
            }
            C::Disable { at } => vec![E::Disabled(Disabled { at })],
            C::Enable { at } => vec![E::Enabled(Enabled { at })],
            C::JoinGroup { group, at } => vec![E::GroupJoined(GroupJoined { group, at })],
            C::LeaveGroup { group, at } => vec![E::GroupLeft(GroupLeft { group, at })],
        })
    }

    fn evolve(&mut self, event: &UserEvent) {
        if let UserEvent::Created(data) = event {
            self.created = Some(data.clone());
            self.facts = Some(data.clone());
        } else if let Some(facts) = &mut self.facts {
            facts.evolve(event);
        }
    }
}

impl Created {
    /// Takes note of what has happened since. Views that show users fold them with this.
    pub fn evolve(&mut self, event: &UserEvent) {
        use UserEvent as E;

        match event {
            E::Created(_) => {}
            E::Edited(data) => self.edit(data),
            E::PasswordChanged(data) => self.password = data.password.clone(),
            E::Disabled(_) => self.is_enabled = false,
            E::Enabled(_) => self.is_enabled = true,
            E::GroupJoined(data) => {
                self.groups.insert(data.group);
            }
            E::GroupLeft(data) => {
                self.groups.remove(&data.group);
            }
        }
    }
}

#[cfg(test)]
mod tests;
