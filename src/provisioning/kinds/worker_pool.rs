//! Pools of workers in documents and answers.

use domain::jobs::worker::Worker;
use domain::jobs::worker_pool::{Created, WorkerPool};

use crate::fields::DESCRIPTION_BYTES_MAX;
use crate::kind::{fields, kind, set, shown};
use crate::plan::{Plan, Step};
use crate::{Item, Kind, Named, Reference};

fields! {
    WorkerPoolFields of Created: "worker_pools", called title {
        /// What people call it; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Pool 1")]
        title: String = title() => title,
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// Its workers, by title or number.
        #[schema(value_type = Option<Vec<String>>)]
        workers: Vec<Reference> = references(),
        /// Mail addresses for failures, one per line (a list is accepted).
        notification_addresses: String = addresses() => notification_addresses,
        /// Whether runs are sent (default: yes).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
    }
}

shown! {
    ShownWorkerPool as WorkerPool of Created, |pool, look| {
        /// What people call it.
        title: String = pool.title.clone(),
        description: String = pool.description.clone(),
        workers: Vec<Named> = look.all::<Worker>(&pool.workers),
        /// Mail addresses for failures, one per line.
        notification_addresses: String = pool.notification_addresses.clone(),
        /// Whether runs are sent.
        enqueue_is_enabled: bool = pool.enqueue_is_enabled,
    }
}

impl Kind for WorkerPool {
    kind!(WorkerPoolFields, ShownWorkerPool, worker_pools);

    fn name(facts: &Created) -> &str {
        &facts.title
    }

    async fn make(plan: &mut Plan<'_>, item: &Item<WorkerPoolFields>) -> Step<()> {
        let workers = item.wanted.workers.as_deref();
        let workers = plan.numbers::<Worker>(&item.place, "workers", workers)?;
        let settled = plan.change::<Self>(item, Created::blank, |pool| {
            set(&mut pool.workers, workers.as_ref());
        });
        let settled = settled.await?;
        plan.report(settled);
        Ok(())
    }
}
