//! Whether a worker still answers.

use jiff::{SignedDuration, Timestamp};

/// How long a worker may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How far apart pings are.
    pub ping_interval: SignedDuration,
    /// How many of them may go unanswered.
    pub intervals: u32,
    /// How much longer an answer may take.
    pub margin: SignedDuration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            ping_interval: SignedDuration::from_secs(300),
            intervals: 3,
            margin: SignedDuration::from_secs(15),
        }
    }
}

impl Patience {
    /// Whether a worker that answered then, or never, is silent for too long now.
    #[must_use]
    pub fn is_silent(&self, answered: Option<Timestamp>, now: Timestamp) -> bool {
        let pings = i32::try_from(self.intervals).unwrap_or(i32::MAX);
        let patience = self.ping_interval.checked_mul(pings);
        let patience = patience.and_then(|patience| patience.checked_add(self.margin));
        let patience = patience.unwrap_or(SignedDuration::MAX);
        answered.is_none_or(|answered| now.duration_since(answered) > patience)
    }
}

#[cfg(test)]
mod tests;
