//! What time it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

/// A clock that can be held still. Clones show the same time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Fixed(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until somebody moves it. For tests.
    #[must_use]
    pub fn fixed(now: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(whole_microseconds(now)))))
    }

    /// What time it is, in whole microseconds: a log keeps no finer ones, and neither do the facts in it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => whole_microseconds(Timestamp::now()),
            Source::Fixed(now) => *now.lock(),
        }
    }

    /// Sets a fixed clock. The machine's clock cannot be set and stays as it is.
    pub fn set(&self, now: Timestamp) {
        if let Source::Fixed(time) = &self.0 {
            *time.lock() = whole_microseconds(now);
        }
    }

    /// Moves a fixed clock forward, and no further than time goes.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(time) = &self.0 {
            let mut time = time.lock();
            *time = whole_microseconds(time.checked_add(by).unwrap_or(Timestamp::MAX));
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::System => f.write_str("Clock::system"),
            Source::Fixed(now) => write!(f, "Clock::fixed({})", now.lock()),
        }
    }
}

fn whole_microseconds(time: Timestamp) -> Timestamp {
    // Cutting towards zero never leaves the range of times.
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests;
