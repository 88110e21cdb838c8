//! One log line per cause and minute.
//!
//! A disk that is full, a Prometheus that is down or a wrong token in a webhook fail every request
//! alike. The first line has what an operator needs; a line per request would hide everything else.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long a cause is silent after a line about it.
const SILENT_FOR: Duration = Duration::from_secs(60);

/// Causes that are distinguished. A text from outside can be part of a cause, so what comes on top
/// of these shares one entry: neither memory nor the number of lines grows with what a client
/// sends.
const CAUSES_MAX: usize = 64;

/// The entry of all causes beyond [`CAUSES_MAX`]; no cause is empty.
const OTHERS: &str = "";

/// Decides which repeated log lines are written: one per cause and minute.
///
/// ```
/// static LIMIT: commands::LogLimit = commands::LogLimit::new();
/// let cause = "the disk is full";
/// if let Some(suppressed) = LIMIT.admit(cause) {
///     // tracing::warn!(suppressed, "a write was refused: {cause}");
///     assert_eq!(suppressed, 0);
/// }
/// assert_eq!(LIMIT.admit(cause), None);
/// ```
#[derive(Debug, Default)]
pub struct LogLimit(Mutex<BTreeMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    written: Instant,
    suppressed: u64,
}

impl LogLimit {
    /// A limit without causes. `const`, so that it can be a `static` next to the line that it
    /// limits.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Whether a line about `cause` may be written now: gives how many were suppressed since the
    /// last one, or counts this one to them.
    pub fn admit(&self, cause: &str) -> Option<u64> {
        self.admit_at(cause, Instant::now())
    }

    fn admit_at(&self, cause: &str, now: Instant) -> Option<u64> {
        let mut entries = self.0.lock();
        let recent = |entry: &Entry| now.saturating_duration_since(entry.written) < SILENT_FOR;
        if !entries.contains_key(cause) && entries.len() >= CAUSES_MAX {
            entries.retain(|_, entry| recent(entry));
        }
        let known = entries.contains_key(cause) || entries.len() < CAUSES_MAX;
        let cause = if known { cause } else { OTHERS };
        match entries.get_mut(cause) {
            Some(entry) if recent(entry) => {
                entry.suppressed += 1;
                None
            }
            Some(entry) => {
                entry.written = now;
                Some(std::mem::take(&mut entry.suppressed))
            }
            None => {
                let entry = Entry {
                    written: now,
                    suppressed: 0,
                };
                entries.insert(cause.to_owned(), entry);
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_written_once_a_minute_and_what_was_not_is_counted() {
        let (limit, start) = (LogLimit::new(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for (cause, seconds, expected) in [
            ("disk full", 0, Some(0)),
            ("disk full", 1, None),
            ("disk full", 59, None),
            ("no answer", 59, Some(0)),
            ("disk full", 60, Some(2)),
            ("disk full", 61, None),
            ("no answer", 119, Some(0)),
        ] {
            let admitted = limit.admit_at(cause, at(seconds));
            assert_eq!(admitted, expected, "{cause} at {seconds} s");
        }
    }

    #[test]
    fn causes_without_end_cost_neither_memory_nor_lines() {
        let (limit, start) = (LogLimit::new(), Instant::now());
        let written = (0..10_000)
            .filter(|number| limit.admit_at(&format!("cause {number}"), start).is_some())
            .count();
        assert_eq!(written, CAUSES_MAX + 1);
        assert_eq!(limit.0.lock().len(), CAUSES_MAX + 1);
        let later = start + SILENT_FOR;
        assert_eq!(limit.admit_at("something else", later), Some(0));
        assert_eq!(limit.0.lock().len(), 1, "old causes are forgotten");
    }
}
