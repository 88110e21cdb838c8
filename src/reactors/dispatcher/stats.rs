//! What a dispatcher did so far, for meters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of a dispatcher.
#[derive(Debug, Default)]
pub(super) struct Stats {
    rounds: AtomicU64,
    rounds_failed: AtomicU64,
    round_microseconds: AtomicU64,
    round_microseconds_max: AtomicU64,
    pub(super) pings: AtomicU64,
    pub(super) runs_sent: AtomicU64,
    pub(super) kills_sent: AtomicU64,
    pub(super) unheard: AtomicU64,
    pub(super) followed: AtomicU64,
    pub(super) not_followed: AtomicU64,
    pub(super) spread: AtomicU64,
    pub(super) timed_out: AtomicU64,
    pub(super) rescheduled: AtomicU64,
    pub(super) unclaimed: AtomicU64,
    pub(super) active: AtomicU64,
    pub(super) kills_pending: AtomicU64,
    pub(super) without_worker: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatcherReading {
    pub rounds: u64,
    /// Rounds that met trouble.
    pub rounds_failed: u64,
    /// Time spent in rounds, in microseconds.
    pub round_microseconds: u64,
    /// The longest round, in microseconds.
    pub round_microseconds_max: u64,
    pub pings: u64,
    /// Messages to workers about runs.
    pub runs_sent: u64,
    /// Messages to workers about kill requests.
    pub kills_sent: u64,
    /// Messages to workers without a receiver.
    pub unheard: u64,
    /// Occasions that were scheduled after another.
    pub followed: u64,
    /// Occasions for which there was no time.
    pub not_followed: u64,
    /// Runs that became one for each worker.
    pub spread: u64,
    /// Runs that are to be killed because they took too long.
    pub timed_out: u64,
    /// Runs that were scheduled while the clock was ahead, and are due earlier now.
    pub rescheduled: u64,
    /// Runs that are due and unclaimed.
    pub unclaimed: u64,
    /// Runs that are with workers.
    pub active: u64,
    /// Kill requests that are due and of which no worker has taken note.
    pub kills_pending: u64,
    /// Runs that would be sent if their pool had a worker that takes work.
    pub without_worker: u64,
}

impl Stats {
    pub(super) fn read(&self) -> DispatcherReading {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DispatcherReading {
            rounds: read(&self.rounds),
            rounds_failed: read(&self.rounds_failed),
            round_microseconds: read(&self.round_microseconds),
            round_microseconds_max: read(&self.round_microseconds_max),
            pings: read(&self.pings),
            runs_sent: read(&self.runs_sent),
            kills_sent: read(&self.kills_sent),
            unheard: read(&self.unheard),
            followed: read(&self.followed),
            not_followed: read(&self.not_followed),
            spread: read(&self.spread),
            timed_out: read(&self.timed_out),
            rescheduled: read(&self.rescheduled),
            unclaimed: read(&self.unclaimed),
            active: read(&self.active),
            kills_pending: read(&self.kills_pending),
            without_worker: read(&self.without_worker),
        }
    }

    pub(super) fn round_took(&self, took: Duration) {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        count(&self.rounds);
        self.round_microseconds
            .fetch_add(microseconds, Ordering::Relaxed);
        self.round_microseconds_max
            .fetch_max(microseconds, Ordering::Relaxed);
    }

    pub(super) fn round_failed(&self) {
        count(&self.rounds_failed);
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(super) fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

pub(super) fn show(gauge: &AtomicU64, value: usize) {
    gauge.store(value as u64, Ordering::Relaxed);
}
