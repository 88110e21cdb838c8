//! Workers that have just connected: they are pinged at once, and their earlier offers are sent
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use projections::jobs::roster::RosterView;
use tokio::time::Instant;

use super::round::Memory;
use super::{Inner, messages};

/// The shortest time between two pings to one worker: a worker that reconnects again and again is
/// not flooded.
const PING_PAUSE: Duration = Duration::from_secs(5);

/// Who has connected, and who was pinged when.
#[derive(Debug, Default)]
pub(super) struct Connected {
    waiting: BTreeSet<u64>,
    /// When a ping to a worker was last handed to a connection of its.
    pinged: BTreeMap<u64, Instant>,
    /// The highest number of a worker that was looked at: beyond it workers are new, and may have
    /// connected before.
    known: u64,
}

impl Connected {
    /// Takes note of a ping, and whether it was handed to any connection.
    pub(super) fn note(&mut self, worker: u64, is_delivered: bool) {
        self.waiting.remove(&worker);
        if is_delivered {
            self.pinged.insert(worker, Instant::now());
        }
    }

    /// All workers there are were pinged just now; others are forgotten.
    pub(super) fn settle(&mut self, workers: &BTreeSet<u64>) {
        self.waiting.clear();
        self.pinged.retain(|worker, _| workers.contains(worker));
        self.known = workers.last().copied().unwrap_or_default();
    }

    fn ready_at(&self, worker: u64, now: Instant) -> Instant {
        let pinged = self.pinged.get(&worker);
        pinged.map_or(now, |pinged| *pinged + PING_PAUSE)
    }
}

impl Inner {
    /// Pings the workers that have connected since this was last called. Answers when to look
    /// again, if some of them have to wait.
    pub(super) fn welcome(&self, memory: &mut Memory) -> Option<Instant> {
        // New connections are only read when the view can identify their workers.
        let Ok(roster) = self.views.of::<RosterView>() else {
            return Some(Instant::now() + PING_PAUSE);
        };
        let subscribed = self.publisher.take_subscribed();
        let connected = &mut memory.connected;
        let known = connected.known;
        let (new, highest) = roster.read(|roster| {
            let workers = roster.workers();
            let highest = workers.keys().next_back().copied().unwrap_or_default();
            if subscribed.is_empty() && highest <= known {
                return (Vec::new(), highest);
            }
            let is_new = |number: u64, key: &str| {
                number > known || subscribed.concerns(&messages::address(key))
            };
            let new = workers.values().filter(|w| is_new(w.number, &w.api_key));
            (new.map(|worker| worker.number).collect(), highest)
        });
        connected.known = known.max(highest);
        connected.waiting.extend(new);
        let now = Instant::now();
        let (ready, waiting): (Vec<u64>, Vec<u64>) = connected
            .waiting
            .iter()
            .partition(|worker| connected.ready_at(**worker, now) <= now);
        let next = waiting
            .iter()
            .map(|worker| connected.ready_at(*worker, now));
        let next = next.min();
        for worker in ready {
            self.ping_one(&roster, worker, memory);
        }
        next
    }

    fn ping_one(&self, roster: &RosterView, worker: u64, memory: &mut Memory) {
        let key = roster.read(|roster| roster.worker(worker).map(|worker| worker.api_key.clone()));
        let is_delivered = key.is_some_and(|key| self.send_ping(&key));
        memory.connected.note(worker, is_delivered);
        if is_delivered {
            self.liveness.pinged_on_connection(worker);
            memory.offers.forget(worker);
            memory.kills.forget(worker);
        }
    }
}
