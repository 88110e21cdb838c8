//! The builds that some bucket still holds, each stored once.

use serde::{Deserialize, Serialize};

use super::GantrySample;

/// What is kept of one build.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// Unix seconds; minus infinity where unknown.
    pub(super) ended_at: f64,
    /// In cores.
    pub(super) cpu_mean: f64,
    /// In cores.
    pub(super) cpu_max: f64,
    /// In bytes.
    pub(super) memory_mean: f64,
    /// In bytes.
    pub(super) memory_max: f64,
    pub(super) position: u64,
    /// The number of the build in learning order, which names it in snapshots.
    pub(super) sequence: u64,
}

impl Record {
    pub(super) fn explained(&self) -> GantrySample {
        GantrySample {
            position: self.position,
            ended_at: self.ended_at.is_finite().then_some(self.ended_at),
            cpu_mean: self.cpu_mean,
            cpu_max: self.cpu_max,
            memory_mean: self.memory_mean,
            memory_max: self.memory_max,
        }
    }
}

pub(super) type RecordId = u32;

/// Records with the number of buckets that hold each. Places are used again, so that what the
/// newest builds have pushed out of every bucket costs nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    slots: Vec<(Record, u32)>,
    free: Vec<RecordId>,
}

impl Records {
    /// Stores a record that no bucket holds yet.
    pub(super) fn add(&mut self, record: Record) -> RecordId {
        if let Some(id) = self.free.pop() {
            self.slots[id as usize] = (record, 0);
            return id;
        }
        let id = RecordId::try_from(self.slots.len()).expect("memory ends before 2^32 records");
        self.slots.push((record, 0));
        id
    }

    pub(super) fn get(&self, id: RecordId) -> &Record {
        &self.slots[id as usize].0
    }

    /// Notes that one more bucket holds it.
    pub(super) fn hold(&mut self, id: RecordId) {
        self.slots[id as usize].1 += 1;
    }

    /// Notes that one bucket has let go of it.
    pub(super) fn release(&mut self, id: RecordId) {
        self.slots[id as usize].1 -= 1;
        self.drop_if_unused(id);
    }

    pub(super) fn drop_if_unused(&mut self, id: RecordId) {
        if self.slots[id as usize].1 == 0 {
            self.free.push(id);
        }
    }

    /// The ids of all records that are held, in the order in which they were learnt.
    pub(super) fn held(&self) -> Vec<RecordId> {
        let mut held: Vec<RecordId> = (0..self.slots.len() as RecordId)
            .filter(|&id| self.slots[id as usize].1 > 0)
            .collect();
        held.sort_by_key(|&id| self.get(id).sequence);
        held
    }
}
