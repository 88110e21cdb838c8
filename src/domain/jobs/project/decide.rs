//! What a project may do.

use jiff::Timestamp;
use thiserror::Error;

use super::{
    AdminsAdmitted, AdminsExpelled, Created, Edited, EnqueueResumed, EnqueueSuspended, PoolAdded,
    PoolRemoved, ProjectEvent, ViewersAdmitted, ViewersExpelled,
};
use crate::Aggregate;

/// What decisions about a project rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    created: Option<Created>,
    facts: Option<Created>,
}

/// What one may ask of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectCommand {
    /// Begin it.
    Create(Created),
    /// Change it. What is as it was is left out.
    Edit(Edited),
    /// See [`ProjectEvent::EnqueueSuspended`].
    Suspend {
        /// When.
        at: Timestamp,
    },
    /// See [`ProjectEvent::EnqueueResumed`].
    Resume {
        /// When.
        at: Timestamp,
    },
    /// See [`ProjectEvent::PoolAdded`].
    AddPool {
        /// The number of the worker pool.
        worker_pool: u64,
        /// When.
        at: Timestamp,
    },
    /// See [`ProjectEvent::PoolRemoved`].
    RemovePool {
        /// The number of the worker pool.
        worker_pool: u64,
        /// When.
        at: Timestamp,
    },
    /// See [`ProjectEvent::ViewersAdmitted`].
    AdmitViewers {
        /// The number of the group.
        group: u64,
        /// When.
        at: Timestamp,
    },
    /// See [`ProjectEvent::ViewersExpelled`].
    ExpelViewers {
        /// The number of the group.
        group: u64,
        /// When.
        at: Timestamp,
    },
    /// See [`ProjectEvent::AdminsAdmitted`].
    AdmitAdmins {
        /// The number of the group.
        group: u64,
        /// When.
        at: Timestamp,
    },
    /// See [`ProjectEvent::AdminsExpelled`].
    ExpelAdmins {
        /// The number of the group.
        group: u64,
        /// When.
        at: Timestamp,
    },
}

/// How a project says no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProjectRejection {
    /// It was never created.
    #[error("no such project was created")]
    Unknown,
    /// Another project has this number.
    #[error("a project with this number is already created")]
    AlreadyCreated,
}

impl Project {
    /// How it stands: what was created, and what was changed since. `at` is when it was created.
    #[must_use]
    pub fn facts(&self) -> Option<&Created> {
        self.facts.as_ref()
    }
}

impl Aggregate for Project {
    const CATEGORY: &'static str = "project";
    type Command = ProjectCommand;
    type Event = ProjectEvent;
    type Rejection = ProjectRejection;

    fn decide(&self, command: ProjectCommand) -> Result<Vec<ProjectEvent>, ProjectRejection> {
        use ProjectCommand as C;
        use ProjectEvent as E;
        use ProjectRejection as R;

        let Some(facts) = &self.facts else {
            return match command {
                C::Create(data) => Ok(vec![E::Created(data)]),
                _ => Err(R::Unknown),
            };
        };
        Ok(match command {
            // Repeated.
            C::Create(data) if self.created.as_ref() == Some(&data) => vec![],
            C::Suspend { .. } if !facts.enqueue_is_enabled => vec![],
            C::Resume { .. } if facts.enqueue_is_enabled => vec![],
            C::AddPool { worker_pool, .. } if facts.worker_pools.contains(&worker_pool) => vec![],
            C::RemovePool { worker_pool, .. } if !facts.worker_pools.contains(&worker_pool) => {
                vec![]
            }
            C::AdmitViewers { group, .. } if facts.viewers.contains(&group) => vec![],
            C::ExpelViewers { group, .. } if !facts.viewers.contains(&group) => vec![],
            C::AdmitAdmins { group, .. } if facts.admins.contains(&group) => vec![],
            C::ExpelAdmins { group, .. } if !facts.admins.contains(&group) => vec![],

            // Refused.
            C::Create(_) => return Err(R::AlreadyCreated),

            // Allowed.
            C::Edit(data) => facts.differing(data).map(E::Edited).into_iter().collect(),
            C::Suspend { at } => vec![E::EnqueueSuspended(EnqueueSuspended { at })],
            C::Resume { at } => vec![E::EnqueueResumed(EnqueueResumed { at })],
            C::AddPool { worker_pool, at } => vec![E::PoolAdded(PoolAdded { worker_pool, at })],
            C::RemovePool { worker_pool, at } => {
                vec![E::PoolRemoved(PoolRemoved { worker_pool, at })]
            }
            C::AdmitViewers { group, at } => {
                vec![E::ViewersAdmitted(ViewersAdmitted { group, at })]
            }
            C::ExpelViewers { group, at } => {
                vec![E::ViewersExpelled(ViewersExpelled { group, at })]
            }
            C::AdmitAdmins { group, at } => vec![E::AdminsAdmitted(AdminsAdmitted { group, at })],
            C::ExpelAdmins { group, at } => vec![E::AdminsExpelled(AdminsExpelled { group, at })],
        })
    }

    fn evolve(&mut self, event: &ProjectEvent) {
        if let ProjectEvent::Created(data) = event {
            self.created = Some(data.clone());
            self.facts = Some(data.clone());
        } else if let Some(facts) = &mut self.facts {
            facts.evolve(event);
        }
    }
}

impl Created {
    /// Takes note of what has happened since. Views that show projects fold them with this.
    pub fn evolve(&mut self, event: &ProjectEvent) {
        use ProjectEvent as E;

        match event {
            E::Created(_) => {}
            E::Edited(data) => self.edit(data),
            E::EnqueueSuspended(_) => self.enqueue_is_enabled = false,
            E::EnqueueResumed(_) => self.enqueue_is_enabled = true,
            E::PoolAdded(data) => {
                self.worker_pools.insert(data.worker_pool);
            }
            E::PoolRemoved(data) => {
                self.worker_pools.remove(&data.worker_pool);
            }
            E::ViewersAdmitted(data) => {
                self.viewers.insert(data.group);
            }
            E::ViewersExpelled(data) => {
                self.viewers.remove(&data.group);
            }
            E::AdminsAdmitted(data) => {
                self.admins.insert(data.group);
            }
            E::AdminsExpelled(data) => {
                self.admins.remove(&data.group);
            }
        }
    }
}

#[cfg(test)]
mod tests;
