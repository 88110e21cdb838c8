//! A reactor that stands still at a step, as if its process had died there.

use std::sync::Arc;

use reactors::Faults;
use tokio::sync::Notify;

use crate::farm::PATIENCE;

/// A step at which a reactor halts.
pub(crate) struct Halted {
    step: &'static str,
    reached: Arc<Notify>,
}

impl Halted {
    /// A step, and the faults that halt a reactor there.
    pub(crate) fn at(step: &'static str) -> (Self, Faults) {
        let reached = Arc::new(Notify::new());
        let there = Arc::clone(&reached);
        let faults = Faults::halting(move |at| {
            if at == step {
                there.notify_one();
            }
            at == step
        });
        (Self { step, reached }, faults)
    }

    /// Waits until the reactor stands there.
    pub(crate) async fn reached(&self) {
        let reached = tokio::time::timeout(PATIENCE, self.reached.notified()).await;
        reached.unwrap_or_else(|_| panic!("{} is reached", self.step));
    }
}
