//! Times of day at which a job does not run.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// A part of every day in which a job does not run. Both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// Its first moment, local time.
    pub from: Time,
    /// Its last moment, local time. Before `from` when the window goes over midnight.
    pub until: Time,
}

impl Window {
    /// Whether a local time of day falls into it.
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        if self.from <= self.until {
            (self.from..=self.until).contains(&time)
        } else {
            time >= self.from || time <= self.until
        }
    }
}

#[cfg(test)]
mod tests;
