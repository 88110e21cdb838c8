//! How a log describes itself: its limits, and facts for operators.

use uuid::Uuid;

use crate::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX};

/// The most that one append may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    pub batch_events: usize,
    /// Bytes of one event, data and metadata together.
    pub event_bytes: usize,
    /// Bytes of all events of one batch.
    pub batch_bytes: usize,
}

impl LogLimits {
    /// What every backend takes, so that nothing that works on one is refused by another.
    pub const LEAST: Self = Self {
        batch_events: BATCH_EVENTS_MAX,
        event_bytes: EVENT_BYTES_MAX,
        batch_bytes: BATCH_BYTES_MAX,
    };

    /// Whether an event of this many bytes can be appended.
    ///
    /// # Errors
    /// With a text that names the limit.
    pub fn check_event(&self, bytes: usize) -> Result<(), String> {
        if bytes <= self.event_bytes {
            return Ok(());
        }
        let most = self.event_bytes;
        Err(format!("an event of {bytes} bytes, the log takes {most}"))
    }
}

/// Which log it is and how it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The backend, as `log.backend` names it: `file`, `memory`.
    pub backend: &'static str,
    /// How the backend lays out events: `segments`, `array`.
    pub layout: &'static str,
    /// The id that was drawn when the log was made; `None` for one that ends with its process.
    pub log_id: Option<Uuid>,
    /// Events that are durable and cannot be read here yet. Always 0 where reads do not come from a
    /// copy.
    pub lag: u64,
    /// The last damage that was met while reading, with its place.
    pub damage: Option<String>,
}
