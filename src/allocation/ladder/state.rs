//! The state as bytes: equal histories give equal bytes, whatever order memory holds them in.

use serde::{Deserialize, Serialize};

use super::cold::{Cold, ColdState};
use super::kernels::{SharedKernels, SparseKernel};
use super::node::Node;
use super::{Jobs, Ladder, Learning, Package, Policy};
use crate::key::{Key, KeyMap};
use crate::snapshot::{self, Kind, SnapshotError};

const KIND: Kind = Kind {
    name: b"ladder  ",
    version: 1,
};

/// Everything that is learnt, sorted by key.
#[derive(Serialize, Deserialize)]
struct State {
    learning: Learning,
    nodes: Vec<(Key, Node)>,
    shared: Vec<SparseKernel>,
    packages: Vec<(Key, Package)>,
    cold: ColdState,
    jobs: Jobs,
    learnt_to: Option<u64>,
}

impl Ladder {
    /// Everything it has learnt, as bytes. Equal histories give equal bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let state = State {
            learning: self.learning.clone(),
            nodes: sorted(&self.nodes),
            shared: self.shared.to_sparse(),
            packages: sorted(&self.packages),
            cold: self.cold.to_state(),
            jobs: self.jobs,
            learnt_to: self.learnt_to,
        };
        snapshot::seal(KIND, &state)
    }

    /// Goes on from a snapshot, as if everything in it had just been learnt.
    ///
    /// # Errors
    /// When the bytes are no whole snapshot of this strategy, or it learnt in another way.
    pub fn restore(
        learning: Learning,
        policy: Policy,
        bytes: &[u8],
    ) -> Result<Self, SnapshotError> {
        let state: State = snapshot::open(KIND, bytes)?;
        if state.learning != learning {
            return Err(SnapshotError::OtherSettings);
        }
        let sound = state.packages.iter().all(|(_, it)| it.kernels.is_sound());
        let shared = SharedKernels::from_sparse(state.shared);
        let (true, Some(shared), Some(cold)) = (sound, shared, Cold::from_state(state.cold)) else {
            return Err(SnapshotError::Damaged);
        };
        Ok(Self {
            learning,
            policy,
            nodes: state.nodes.into_iter().collect(),
            shared,
            packages: state.packages.into_iter().collect(),
            cold,
            jobs: state.jobs,
            learnt_to: state.learnt_to,
        })
    }
}

fn sorted<V: Clone>(map: &KeyMap<V>) -> Vec<(Key, V)> {
    let mut entries: Vec<_> = map
        .iter()
        .map(|(&key, value)| (key, value.clone()))
        .collect();
    entries.sort_unstable_by_key(|&(key, _)| key);
    entries
}
