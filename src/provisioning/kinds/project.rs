//! Projects in documents and answers.

use domain::core::group::Group;
use domain::jobs::project::{Created, Project};
use domain::jobs::worker_pool::WorkerPool;

use crate::fields::DESCRIPTION_BYTES_MAX;
use crate::kind::{fields, kind, set, shown};
use crate::plan::{Plan, Step};
use crate::{Item, Kind, Named, Reference};

fields! {
    ProjectFields of Created: "projects", called title {
        /// What people call it; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Test project 1")]
        title: String = title() => title,
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// The groups that see it, by name or number.
        #[schema(value_type = Option<Vec<String>>)]
        groups: Vec<Reference> = references(),
        /// The groups that change it, provided that they see it; by name or number.
        #[schema(value_type = Option<Vec<String>>)]
        auth_groups: Vec<Reference> = references(),
        /// The pools whose workers may execute its jobs, by title or number.
        #[schema(value_type = Option<Vec<String>>)]
        worker_pools: Vec<Reference> = references(),
        /// Mail addresses for failures, one per line (a list is accepted).
        notification_addresses: String = addresses() => notification_addresses,
        /// Whether runs are sent (default: yes).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
    }
}

shown! {
    ShownProject as Project of Created, |project, look| {
        /// What people call it.
        title: String = project.title.clone(),
        description: String = project.description.clone(),
        groups: Vec<Named> = look.all::<Group>(&project.viewers),
        /// The groups that change it, provided that they see it.
        auth_groups: Vec<Named> = look.all::<Group>(&project.admins),
        /// The pools whose workers may execute its jobs.
        worker_pools: Vec<Named> = look.all::<WorkerPool>(&project.worker_pools),
        /// Mail addresses for failures, one per line.
        notification_addresses: String = project.notification_addresses.clone(),
        /// Whether runs are sent.
        enqueue_is_enabled: bool = project.enqueue_is_enabled,
    }
}

impl Kind for Project {
    kind!(ProjectFields, ShownProject, projects);

    fn name(facts: &Created) -> &str {
        &facts.title
    }

    async fn make(plan: &mut Plan<'_>, item: &Item<ProjectFields>) -> Step<()> {
        let (place, wanted) = (&item.place, &item.wanted);
        let viewers = plan.numbers::<Group>(place, "groups", wanted.groups.as_deref());
        let admins = plan.numbers::<Group>(place, "auth_groups", wanted.auth_groups.as_deref());
        let pools = wanted.worker_pools.as_deref();
        let pools = plan.numbers::<WorkerPool>(place, "worker_pools", pools);
        // Faults of all three were noted.
        let (viewers, admins, pools) = (viewers?, admins?, pools?);
        let settled = plan.change::<Self>(item, Created::blank, |project| {
            set(&mut project.viewers, viewers.as_ref());
            set(&mut project.admins, admins.as_ref());
            set(&mut project.worker_pools, pools.as_ref());
        });
        let settled = settled.await?;
        let project = &settled.after;
        if let Some(before) = &settled.before {
            let lost = before.worker_pools.difference(&project.worker_pools);
            let lost = (place.clone(), lost.copied().collect());
            plan.lost_pools.insert(project.number, lost);
        }
        if project.viewers.is_empty() {
            let title = &project.title;
            let note = format!("no user who logs in sees the project `{title}`: it has no groups");
            plan.applied.notes.push(note);
        }
        plan.report(settled);
        Ok(())
    }
}
