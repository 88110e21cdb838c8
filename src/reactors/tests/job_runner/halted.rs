//! A reactor that halts at a step, as if its process had died there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reactors::Faults;
use tokio::sync::Notify;

use crate::farm::PATIENCE;

/// A step at which a reactor halts.
pub(crate) struct Halted {
    step: &'static str,
    reached: Arc<Notify>,
    armed: Arc<AtomicBool>,
}

impl Halted {
    /// A step, and the faults that halt a reactor there.
    pub(crate) fn at(step: &'static str) -> (Self, Faults) {
        let (halted, faults) = Self::once_armed(step);
        halted.arm();
        (halted, faults)
    }

    /// As [`Halted::at`], but only from when it is armed.
    pub(crate) fn once_armed(step: &'static str) -> (Self, Faults) {
        let (reached, armed) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let (there, halts) = (Arc::clone(&reached), Arc::clone(&armed));
        let faults = Faults::halting(move |at| {
            let halts = at == step && halts.load(Ordering::Relaxed);
            if halts {
                there.notify_one();
            }
            halts
        });
        let halted = Self {
            step,
            reached,
            armed,
        };
        (halted, faults)
    }

    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
    }

    /// Waits until the reactor has halted there.
    pub(crate) async fn reached(&self) {
        let reached = tokio::time::timeout(PATIENCE, self.reached.notified()).await;
        reached.unwrap_or_else(|_| panic!("{} is reached", self.step));
    }
}
