//! A project: jobs that the same people see and change.

use crate::kernel::record::record;

record! {
    /// What decisions about a project depend on.
    Project("project") {
        category: "project",
        events: ProjectEvent,
        commands: ProjectCommand,
        rejections: ProjectRejection {},
    }

    Create -> Created = "project.created" v 1 [audited],
    /// Its title, description or addresses were edited.
    Edit -> Edited = "project.edited" v 1 [audited],

    /// The unique title.
    edit title: String,
    edit description: String,
    /// Who gets mail about failures, one address on each line.
    edit notification_addresses: String,
    /// Whether runs are sent.
    switch enqueue_is_enabled {
        /// Its runs are no longer sent, except those that a person requested.
        off Suspend -> EnqueueSuspended = "project.enqueue_suspended" v 1 [audited],
        /// Its runs are sent again.
        on Resume -> EnqueueResumed = "project.enqueue_resumed" v 1 [audited],
    }
    /// The numbers of the pools whose workers may execute its jobs.
    set worker_pools of worker_pool {
        /// Its jobs may use a pool.
        add AddPool -> PoolAdded = "project.pool_added" v 1 [audited],
        /// Its jobs may no longer use a pool.
        remove RemovePool -> PoolRemoved = "project.pool_removed" v 1 [audited],
    }
    /// The numbers of the groups that see it.
    set viewers of group {
        /// A group sees it.
        add AdmitViewers -> ViewersAdmitted = "project.viewers_admitted" v 1 [audited],
        /// A group no longer sees it.
        remove ExpelViewers -> ViewersExpelled = "project.viewers_expelled" v 1 [audited],
    }
    /// The numbers of the groups that change it, provided that they see it.
    set admins of group {
        /// A group may change it.
        add AdmitAdmins -> AdminsAdmitted = "project.admins_admitted" v 1 [audited],
        /// A group may no longer change it.
        remove ExpelAdmins -> AdminsExpelled = "project.admins_expelled" v 1 [audited],
    }
}
