//! What may have happened to a project.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::change::edits;
use crate::kernel::event::events;

events! {
    /// What may have happened to a project. Streams: `project-<number>`.
    ProjectEvent {
        /// It is there.
        Created(Created) = "project.created" v 1 [audited],
        /// It is described otherwise.
        Edited(Edited) = "project.edited" v 1 [audited],
        /// Runs are no longer sent for its sake, except those that a person asked for.
        EnqueueSuspended(EnqueueSuspended) = "project.enqueue_suspended" v 1 [audited],
        /// Runs are sent again.
        EnqueueResumed(EnqueueResumed) = "project.enqueue_resumed" v 1 [audited],
        /// Its jobs may use a pool.
        PoolAdded(PoolAdded) = "project.pool_added" v 1 [audited],
        /// Its jobs may use a pool no longer.
        PoolRemoved(PoolRemoved) = "project.pool_removed" v 1 [audited],
        /// A group sees it.
        ViewersAdmitted(ViewersAdmitted) = "project.viewers_admitted" v 1 [audited],
        /// A group sees it no longer.
        ViewersExpelled(ViewersExpelled) = "project.viewers_expelled" v 1 [audited],
        /// A group may change it.
        AdminsAdmitted(AdminsAdmitted) = "project.admins_admitted" v 1 [audited],
        /// A group may change it no longer.
        AdminsExpelled(AdminsExpelled) = "project.admins_expelled" v 1 [audited],
    }
}

/// `project.created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The project's number.
    pub number: u64,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Who is told about failures, one address on each line.
    pub notification_addresses: String,
    /// Whether runs are sent.
    pub enqueue_is_enabled: bool,
    /// The numbers of the pools whose workers may execute its jobs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub worker_pools: BTreeSet<u64>,
    /// The numbers of the groups that see it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub viewers: BTreeSet<u64>,
    /// The numbers of the groups that change it, provided that they see it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub admins: BTreeSet<u64>,
    /// When.
    pub at: Timestamp,
}

impl Created {
    /// A project of which nothing was said yet: nobody sees it.
    #[must_use]
    pub fn blank(number: u64, at: Timestamp) -> Self {
        Self {
            number,
            title: String::new(),
            description: String::new(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            worker_pools: BTreeSet::new(),
            viewers: BTreeSet::new(),
            admins: BTreeSet::new(),
            at,
        }
    }
}

edits! {
    /// `project.edited`: what is not spoken of stays.
    Edited of Created {
        /// What people call it.
        title: String,
        /// What it is for.
        description: String,
        /// Who is told about failures, one address on each line.
        notification_addresses: String,
    }
}

/// `project.enqueue_suspended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueSuspended {
    /// When.
    pub at: Timestamp,
}

/// `project.enqueue_resumed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnqueueResumed {
    /// When.
    pub at: Timestamp,
}

/// `project.pool_added`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolAdded {
    /// The number of the worker pool.
    pub worker_pool: u64,
    /// When.
    pub at: Timestamp,
}

/// `project.pool_removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolRemoved {
    /// The number of the worker pool.
    pub worker_pool: u64,
    /// When.
    pub at: Timestamp,
}

/// `project.viewers_admitted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewersAdmitted {
    /// The number of the group.
    pub group: u64,
    /// When.
    pub at: Timestamp,
}

/// `project.viewers_expelled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewersExpelled {
    /// The number of the group.
    pub group: u64,
    /// When.
    pub at: Timestamp,
}

/// `project.admins_admitted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminsAdmitted {
    /// The number of the group.
    pub group: u64,
    /// When.
    pub at: Timestamp,
}

/// `project.admins_expelled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminsExpelled {
    /// The number of the group.
    pub group: u64,
    /// When.
    pub at: Timestamp,
}
