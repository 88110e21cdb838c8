//! Connections that the server closed by itself, or that broke, by reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a connection ended that its client did not close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// No request came, or its head took too long.
    Headers,
    /// It was unused between two requests.
    Idle,
    /// The client read nothing of what was sent to it.
    Unread,
    /// Its address had as many connections as it may.
    TooMany,
    /// It broke, or what came was no HTTP.
    Broken,
}

impl CloseReason {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Headers,
        Self::Idle,
        Self::Unread,
        Self::TooMany,
        Self::Broken,
    ];

    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Idle => "idle",
            Self::Unread => "unread",
            Self::TooMany => "too_many",
            Self::Broken => "broken",
        }
    }
}

/// How many connections ended for each reason. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct ClosedConnections(Arc<[AtomicU64; CloseReason::ALL.len()]>);

impl ClosedConnections {
    /// Counts one.
    pub fn count(&self, reason: CloseReason) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many ended for this reason.
    #[must_use]
    pub fn read(&self, reason: CloseReason) -> u64 {
        self.0[reason as usize].load(Ordering::Relaxed)
    }
}
