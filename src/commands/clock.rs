//! What time it is, and how much of it passes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;

/// A clock that can be held still. Clones show the same time.
///
/// [`Clock::now`] is for people and for what is due at a time of day: an operator or NTP may set
/// it, forward and back. How long something took is a difference of [`Clock::monotonic`], which
/// cannot be set.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System(Instant),
    Fixed(Arc<Mutex<Fixed>>),
}

struct Fixed {
    now: Timestamp,
    monotonic: Duration,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// A clock that only moves when it is set. For tests.
    #[must_use]
    pub fn fixed(now: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(Fixed {
            now: whole_microseconds(now),
            monotonic: Duration::ZERO,
        }))))
    }

    /// What time it is, in whole microseconds: a log keeps no finer ones, and neither do the facts
    /// in it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System(_) => whole_microseconds(Timestamp::now()),
            Source::Fixed(fixed) => fixed.lock().now,
        }
    }

    /// How much time has passed since the clock was made. It never goes back.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System(made) => made.elapsed(),
            Source::Fixed(fixed) => fixed.lock().monotonic,
        }
    }

    /// Lets time pass on a fixed clock until it shows this; a time that is past already is shown
    /// all the same. The machine's clock cannot be set and stays as it is.
    pub fn set(&self, now: Timestamp) {
        if let Source::Fixed(fixed) = &self.0 {
            let mut fixed = fixed.lock();
            let passed = now.duration_since(fixed.now);
            fixed.monotonic += Duration::try_from(passed).unwrap_or_default();
            fixed.now = whole_microseconds(now);
        }
    }

    /// Makes a fixed clock show another time although none has passed, as an operator or NTP does.
    pub fn step(&self, now: Timestamp) {
        if let Source::Fixed(fixed) = &self.0 {
            fixed.lock().now = whole_microseconds(now);
        }
    }

    /// Moves a fixed clock forward, and no further than time goes.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(fixed) = &self.0 {
            let mut fixed = fixed.lock();
            fixed.monotonic += by;
            let now = fixed.now.checked_add(by).unwrap_or(Timestamp::MAX);
            fixed.now = whole_microseconds(now);
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::System(_) => f.write_str("Clock::system"),
            Source::Fixed(fixed) => write!(f, "Clock::fixed({})", fixed.lock().now),
        }
    }
}

fn whole_microseconds(time: Timestamp) -> Timestamp {
    // Cutting towards zero never leaves the range of times.
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests;
