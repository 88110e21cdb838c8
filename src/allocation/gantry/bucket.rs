//! The newest builds under one key.

use super::records::{RecordId, Records};

/// How many builds make a sample.
pub(super) const SAMPLE_MAX: usize = 5;
/// How many builds suffice for a sample.
pub(super) const SAMPLE_MIN: usize = 4;

/// The newest builds under one key, newest first, and how many there have been.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    ids: [RecordId; SAMPLE_MAX],
    seen: u32,
}

impl Bucket {
    /// Rebuilds a bucket; `newest` is cut to a sample. Every build is referenced again.
    pub(super) fn restore(newest: &[RecordId], seen: u32, records: &mut Records) -> Self {
        let mut bucket = Self {
            ids: [0; SAMPLE_MAX],
            seen,
        };
        for (slot, &id) in bucket.ids.iter_mut().zip(newest) {
            *slot = id;
            records.hold(id);
        }
        bucket
    }

    pub(super) fn newest(&self) -> impl Iterator<Item = RecordId> {
        self.ids.into_iter().take(self.len())
    }

    pub(super) fn seen(&self) -> u32 {
        self.seen
    }

    /// Files a build by its end. Of builds that ended together the one learnt later is the newer.
    pub(super) fn file(&mut self, id: RecordId, records: &mut Records) {
        let len = self.len();
        self.seen = self.seen.saturating_add(1);
        let ended_at = records.get(id).ended_at;
        let place = self.ids[..len]
            .iter()
            .position(|&other| records.get(other).ended_at <= ended_at)
            .unwrap_or(len);
        if place == SAMPLE_MAX {
            return;
        }
        if len == SAMPLE_MAX {
            records.release(self.ids[SAMPLE_MAX - 1]);
        }
        self.ids[place..].rotate_right(1);
        self.ids[place] = id;
        records.hold(id);
    }

    fn len(&self) -> usize {
        (self.seen as usize).min(SAMPLE_MAX)
    }
}
