//! Notes for auditors, as many as an audit stream can bear.
//!
//! A client that floods the server with wrong credentials must not flood the log with notes about
//! it: each kind of note has an allowance, and the next note holds the number of dropped ones.

use std::time::{Duration, Instant};

use domain::Metadata;
use domain::core::audit::{Audit, AuditCommand};
use parking_lot::Mutex;

use crate::{BoxFuture, Commands, LogLimit};

/// How many notes of one kind may be written at once.
const BURST_MAX: f64 = 20.0;

/// How long until one more may be written.
const ONE_EVERY: Duration = Duration::from_secs(1);

/// Kinds of notes that anyone outside can cause at will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// A webhook without a valid credential.
    Rejected,
    /// A webhook of another kind.
    Ignored,
    /// A body that could not be taken.
    Body,
    Write,
    Login,
}

/// Writes notes for auditors. A page of the audit is a day of UTC.
pub struct Auditor {
    commands: Commands,
    allowances: [Mutex<Allowance>; 5],
}

struct Allowance {
    left: f64,
    since: Instant,
    unwritten: u64,
}

impl Auditor {
    /// Writes to the log of these commands.
    #[must_use]
    pub fn new(commands: Commands) -> Self {
        let full = || {
            Mutex::new(Allowance {
                left: BURST_MAX,
                since: Instant::now(),
                unwritten: 0,
            })
        };
        Self {
            commands,
            allowances: [full(), full(), full(), full(), full()],
        }
    }

    /// Returns the number of dropped notes when a note of this kind may be written now; otherwise
    /// counts this one as dropped.
    pub fn admit(&self, kind: Noted) -> Option<u64> {
        self.allowances[kind as usize].lock().take(Instant::now())
    }

    /// Writes a note on today's page. One that cannot be written is logged and no more: what it is
    /// about was refused or ignored either way.
    pub fn write<'a>(&'a self, command: AuditCommand, metadata: &'a Metadata) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let page = self.commands.clock().now().strftime("%Y-%m-%d").to_string();
            let written = self.commands.execute::<Audit>(&page, command, metadata);
            if let Err(error) = written.await {
                static LOG: LogLimit = LogLimit::new();
                if let Some(suppressed) = LOG.admit(&error.to_string()) {
                    tracing::warn!(%error, suppressed, "a note for auditors was not written: {error}");
                }
            }
        })
    }
}

impl Allowance {
    fn take(&mut self, now: Instant) -> Option<u64> {
        let earned =
            now.saturating_duration_since(self.since).as_secs_f64() / ONE_EVERY.as_secs_f64();
        self.left = (self.left + earned).min(BURST_MAX);
        self.since = now;
        if self.left < 1.0 {
            self.unwritten += 1;
            return None;
        }
        self.left -= 1.0;
        Some(std::mem::take(&mut self.unwritten))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_is_counted_in_the_next_note() {
        let start = Instant::now();
        let mut allowance = Allowance {
            left: 2.0,
            since: start,
            unwritten: 0,
        };
        let asked: Vec<_> = (0..5).map(|_| allowance.take(start)).collect();
        assert_eq!(asked, [Some(0), Some(0), None, None, None]);
        assert_eq!(allowance.take(start + ONE_EVERY), Some(3));
    }
}
