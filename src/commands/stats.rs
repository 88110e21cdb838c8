//! How the write side is doing.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened to commands since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandStats {
    /// How many were given, units of work included.
    pub commands: u64,
    /// How many events were appended.
    pub events: u64,
    /// How often a decision was thrown away because the stream had moved.
    pub conflicts: u64,
    /// How many commands the domain rejected.
    pub rejected: u64,
    /// How often a command was answered with its first result.
    pub repeated: u64,
    /// How often there was nothing to do.
    pub unchanged: u64,
    /// How often the machinery failed: contended, busy, stopped, too large, a fault.
    pub failed: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commands: Counter,
    pub(crate) events: Counter,
    pub(crate) conflicts: Counter,
    pub(crate) rejected: Counter,
    pub(crate) repeated: Counter,
    pub(crate) unchanged: Counter,
    pub(crate) failed: Counter,
}

impl Counters {
    pub(crate) fn read(&self) -> CommandStats {
        CommandStats {
            commands: self.commands.get(),
            events: self.events.get(),
            conflicts: self.conflicts.get(),
            rejected: self.rejected.get(),
            repeated: self.repeated.get(),
            unchanged: self.unchanged.get(),
            failed: self.failed.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
