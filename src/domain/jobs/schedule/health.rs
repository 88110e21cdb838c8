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
        answered.is_none_or(|answered| now.duration_since(answered) > self.length())
    }

    /// Since when a worker is silent for too long, if it is now. One that never answered is since
    /// it is known.
    #[must_use]
    pub fn silent_since(
        &self,
        known: Timestamp,
        answered: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let Some(answered) = answered else {
            return Some(known);
        };
        let until = answered.checked_add(self.length()).ok()?;
        self.is_silent(Some(answered), now).then_some(until)
    }

    fn length(&self) -> SignedDuration {
        let pings = i32::try_from(self.intervals).unwrap_or(i32::MAX);
        let patience = self.ping_interval.checked_mul(pings);
        let patience = patience.and_then(|patience| patience.checked_add(self.margin));
        patience.unwrap_or(SignedDuration::MAX)
    }
}

#[cfg(test)]
mod tests;
