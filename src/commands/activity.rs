//! Which workers act: every command that a worker gives is a sign of life, whatever becomes of it.

use std::collections::BTreeMap;

use domain::{ActorKind, Metadata};
use parking_lot::Mutex;

/// How many commands each worker has given since the start of the process. Workers are known before
/// they may give commands, so there are no more entries than workers.
#[derive(Debug, Default)]
pub(crate) struct Activity(Mutex<BTreeMap<u64, u64>>);

impl Activity {
    pub(crate) fn note(&self, metadata: &Metadata) {
        let worker = metadata
            .actor
            .as_ref()
            .filter(|actor| actor.kind == ActorKind::Worker);
        if let Some(number) = worker.and_then(|worker| worker.id.parse().ok()) {
            *self.0.lock().entry(number).or_default() += 1;
        }
    }

    pub(crate) fn of(&self, worker: u64) -> u64 {
        self.0.lock().get(&worker).copied().unwrap_or_default()
    }
}
