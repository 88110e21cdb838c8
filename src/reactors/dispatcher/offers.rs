//! The pending offers of workers: how many more a worker may get, and when they are repeated. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// For how many rounds a run is offered to the same worker before another may get it. A worker that
/// is busy or was away for a moment finds it again; one that is deaf does not keep it for ever. For
/// as long it counts as something that the worker is about to take.
pub const ROUNDS_KEPT: u32 = 12;

/// The longest time between two repeats, in rounds. A power of two.
const REPEAT_ROUNDS_MAX: u32 = 64;

/// The least and the most that a worker is offered at once.
const WINDOW: (u32, u32) = (2, 8);

/// The assumed number of concurrent runs of a worker that has not reported it.
const SLOTS: u32 = 4;

/// What was offered, by its number, to whom, and for how many rounds. In memory only: after a
/// restart everything is offered again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    offers: BTreeMap<u64, Offer>,
    /// Runs that wait until some worker can take more; what follows from sending them is settled.
    held: BTreeSet<u64>,
}

/// Something that was offered to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub worker: u64,
    /// Full rounds since then.
    pub rounds: u32,
}

impl Offer {
    /// Whether it is time to repeat it: in the second round after it, the fourth, the eighth, and
    /// so on. A worker that does not take it has its hands full, and every repeat is one more thing
    /// for it to look at.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        // The first round may begin at once after an offer between two rounds.
        let doubled = self.rounds > 1 && self.rounds.is_power_of_two();
        match self.rounds {
            0..REPEAT_ROUNDS_MAX => doubled,
            rounds => rounds.is_multiple_of(REPEAT_ROUNDS_MAX),
        }
    }

    /// Whether another worker may get the offer.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.rounds >= ROUNDS_KEPT
    }
}

impl Offers {
    /// A full round begins.
    pub fn begin_round(&mut self) {
        for offer in self.offers.values_mut() {
            offer.rounds = offer.rounds.saturating_add(1);
        }
    }

    /// Takes note that something is offered to a worker, or repeated to it.
    pub fn note(&mut self, number: u64, worker: u64) {
        self.held.remove(&number);
        let offer = self
            .offers
            .entry(number)
            .or_insert(Offer { worker, rounds: 0 });
        if offer.worker != worker {
            *offer = Offer { worker, rounds: 0 };
        }
    }

    /// Takes note that a run has to wait until a worker can take more.
    pub fn hold(&mut self, number: u64) {
        self.held.insert(number);
    }

    /// Whether a run waits until a worker can take more.
    #[must_use]
    pub fn is_held(&self, number: u64) -> bool {
        self.held.contains(&number)
    }

    /// The offer with a number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<Offer> {
        self.offers.get(&number).copied()
    }

    /// Forgets what is not among these any more.
    pub fn retain(&mut self, open: &BTreeSet<u64>) {
        self.offers.retain(|number, _| open.contains(number));
        self.held.retain(|number| open.contains(number));
    }

    /// Forgets the offers to a worker that has just connected: they are sent again.
    pub fn forget(&mut self, worker: u64) {
        self.offers.retain(|_, offer| offer.worker != worker);
    }

    /// How much each worker has been offered that it is about to take.
    #[must_use]
    pub fn outstanding(&self) -> BTreeMap<u64, u32> {
        let mut outstanding = BTreeMap::new();
        for offer in self.offers.values().filter(|offer| !offer.is_stale()) {
            *outstanding.entry(offer.worker).or_default() += 1;
        }
        outstanding
    }
}

/// How much a worker is offered at once that executes so many runs at once. It takes what it is
/// offered one after the other, each in three requests, so a ping or a kill request waits behind no
/// more than this.
#[must_use]
pub fn window(concurrent_jobs: Option<u32>) -> u32 {
    let (least, most) = WINDOW;
    concurrent_jobs.unwrap_or(SLOTS).clamp(least, most)
}

#[cfg(test)]
mod tests;
