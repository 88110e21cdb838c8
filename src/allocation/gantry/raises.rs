//! What the builds of a spec are given after one of them was killed for memory.
//!
//! Gantry looks at successes alone, and so gives the retry what has just not sufficed. Here a kill
//! raises the next answers: to twice what was allowed until a build succeeds, and then to what
//! successes show, until a whole sample is newer than the kill.

use serde::{Deserialize, Serialize};

use super::bucket::SAMPLE_MAX;
use super::{MEMORY_LIMIT_FACTOR, keys};
use crate::Spec;
use crate::key::{Key, KeyMap};

/// How much more a retry is given than what did not suffice.
const RETRY_FACTOR: f64 = 2.0;

/// The specs whose answers are raised.
#[derive(Clone, Debug, Default)]
pub(super) struct Raises(KeyMap<Raise>);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Raise {
    /// Least answer, in bytes.
    memory: f64,
    /// How many builds have succeeded since the kill.
    successes: u32,
}

impl Raises {
    pub(super) fn restore(raises: Vec<(Key, Raise)>) -> Self {
        Self(raises.into_iter().collect())
    }

    /// All of them, ordered by key.
    pub(super) fn saved(&self) -> Vec<(Key, Raise)> {
        let mut raises: Vec<_> = self.0.iter().map(|(key, raise)| (*key, *raise)).collect();
        raises.sort_unstable_by_key(|&(key, _)| key);
        raises
    }

    /// The least that a build of this spec is given, in bytes.
    pub(super) fn of(&self, spec: &Spec) -> Option<f64> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&keys::of_spec(spec)).map(|raise| raise.memory)
    }

    pub(super) fn killed(&mut self, spec: &Spec, limit: f64) {
        let memory = RETRY_FACTOR * limit;
        let raise = Raise {
            memory,
            successes: 0,
        };
        let known = self.0.entry(keys::of_spec(spec)).or_insert(raise);
        // Of two concurrent builds, the one with the higher limit counts more.
        *known = Raise {
            memory: known.memory.max(memory),
            ..raise
        };
    }

    pub(super) fn succeeded(&mut self, spec: &Spec, peak: f64) {
        if self.0.is_empty() {
            return;
        }
        let key = keys::of_spec(spec);
        let Some(raise) = self.0.get_mut(&key) else {
            return;
        };
        let shown = MEMORY_LIMIT_FACTOR * peak;
        raise.memory = match raise.successes {
            0 => shown,
            _ => raise.memory.max(shown),
        };
        raise.successes += 1;
        if raise.successes as usize >= SAMPLE_MAX {
            self.0.remove(&key);
        }
    }
}
