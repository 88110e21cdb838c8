//! The state as bytes: equal histories give equal bytes, whatever order memory holds them in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Gantry;
use super::bucket::{Bucket, SAMPLE_MAX};
use super::keys::Lately;
use super::raises::{Raise, Raises};
use super::records::{Record, RecordId, Records};
use crate::Refs;
use crate::key::{Key, KeyMap};
use crate::snapshot::{self, Kind, SnapshotError};

const KIND: Kind = Kind {
    name: b"gantry  ",
    version: 1,
};

/// The same with raised answers. A history without kills keeps the bytes of version 1.
const RAISED: Kind = Kind { version: 2, ..KIND };

#[derive(Serialize, Deserialize)]
struct RaisedState {
    state: State,
    raises: Vec<(Key, Raise)>,
}

/// Records in the order in which they were learnt; buckets by key, naming records by their index.
#[derive(Serialize, Deserialize)]
struct State {
    refs: Refs,
    learnt: u64,
    records: Vec<Record>,
    buckets: Vec<(Key, u32, Vec<u32>)>,
}

impl Gantry {
    /// Everything it has learnt, as bytes. Equal histories give equal bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let held = self.records.held();
        let index_of: BTreeMap<RecordId, u32> = held.iter().copied().zip(0..).collect();
        let mut buckets: Vec<_> = self
            .buckets
            .iter()
            .map(|(&key, bucket)| {
                let newest = bucket.newest().map(|id| index_of[&id]).collect();
                (key, bucket.seen(), newest)
            })
            .collect();
        buckets.sort_unstable_by_key(|&(key, ..)| key);
        let records = held.iter().map(|&id| *self.records.get(id)).collect();
        let state = State {
            refs: self.refs.clone(),
            learnt: self.learnt,
            records,
            buckets,
        };
        let raises = self.raises.saved();
        if raises.is_empty() {
            return snapshot::seal(KIND, &state);
        }
        snapshot::seal(RAISED, &RaisedState { state, raises })
    }

    /// Goes on from a snapshot, as if everything in it had just been learnt.
    ///
    /// # Errors
    /// When the bytes are no whole snapshot of this strategy, or it was learnt from other refs.
    pub fn restore(refs: Refs, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let raised = match snapshot::open(RAISED, bytes) {
            Err(SnapshotError::Other { .. }) => RaisedState {
                state: snapshot::open(KIND, bytes)?,
                raises: Vec::new(),
            },
            raised => raised?,
        };
        let RaisedState { state, raises } = raised;
        if state.refs != refs {
            return Err(SnapshotError::OtherSettings);
        }
        let mut records = Records::default();
        let ids: Vec<RecordId> = state
            .records
            .into_iter()
            .map(|it| records.add(it))
            .collect();
        let mut buckets = KeyMap::with_capacity(state.buckets.len());
        for (key, seen, newest) in state.buckets {
            if newest.len() != (seen as usize).min(SAMPLE_MAX) {
                return Err(SnapshotError::Damaged);
            }
            let newest: Option<Vec<RecordId>> = newest
                .iter()
                .map(|&index| ids.get(index as usize).copied())
                .collect();
            let newest = newest.ok_or(SnapshotError::Damaged)?;
            buckets.insert(key, Bucket::restore(&newest, seen, &mut records));
        }
        Ok(Self {
            refs,
            learnt: state.learnt,
            buckets,
            records,
            raises: Raises::restore(raises),
            lately: Lately::default(),
        })
    }
}
