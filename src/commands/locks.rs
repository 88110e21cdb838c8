//! Who goes first, among the writers of this process.
//!
//! Nothing here makes anything correct: the log refuses the later append, from this process or
//! another. It saves the work of those who would be refused.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Enough for two streams to share a lock seldom.
const STRIPES: usize = 1024;

/// One lock for many names. A holder may wait for another of the same `Locks` never, or two could
/// wait for each other.
pub(crate) struct Locks {
    stripes: Vec<Arc<Mutex<()>>>,
    hash: RandomState,
}

impl Locks {
    pub(crate) fn new() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Arc::default()).collect(),
            hash: RandomState::new(),
        }
    }

    /// Waits for this name's turn.
    pub(crate) async fn lock(&self, name: &str) -> OwnedMutexGuard<()> {
        self.stripe(name).lock_owned().await
    }

    /// Takes this name's turn if it is free.
    pub(crate) fn try_lock(&self, name: &str) -> Option<OwnedMutexGuard<()>> {
        self.stripe(name).try_lock_owned().ok()
    }

    fn stripe(&self, name: &str) -> Arc<Mutex<()>> {
        let place = self.hash.hash_one(name) % STRIPES as u64;
        Arc::clone(&self.stripes[place as usize])
    }
}
