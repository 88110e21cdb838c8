//! For how long this process was awake: the measure of whatever has to wait for others.
//!
//! It counts the monotonic clock, which cannot be set, and leaves out the stretches in which this
//! process did not run (SIGSTOP, a debugger, a machine that is overloaded): what others sent
//! meanwhile waits unread, and must not count against them. On the way it notices when the clock on
//! the wall was set.

use std::sync::Arc;
use std::time::Duration;

use commands::Clock;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::steady::{Steady, rest};

/// How often the clocks are looked at.
const BEAT: Duration = Duration::from_millis(500);

/// The longest time between two looks that counts in full. After a longer one this process did not
/// run.
const STRIDE_MAX: Duration = Duration::from_secs(3);

/// How far the clock on the wall must be from what has passed to have been set.
const STEP_MIN: SignedDuration = SignedDuration::from_secs(2);

/// Measures for how long this process was awake. Clones are the same.
#[derive(Clone, Debug)]
pub struct Awake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    stride_max: Duration,
    seen: Mutex<LastLook>,
}

#[derive(Clone, Copy, Debug)]
struct LastLook {
    awake: Duration,
    monotonic: Duration,
    wall: Timestamp,
    stops: u64,
    steps: ClockSteps,
}

/// How often the clock was set since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSteps {
    pub forward: u64,
    pub back: u64,
    pub last: Option<ClockStep>,
}

/// A time at which the clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// By how much; negative when it went back.
    pub by: SignedDuration,
    /// What it showed afterwards.
    pub at: Timestamp,
}

/// Looks at the clocks again and again. Dropping it ends it.
#[derive(Debug)]
pub struct Heartbeat(Steady);

impl Awake {
    /// Measures on a clock that is looked at again and again, see [`Awake::keep_looking`].
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self::with(clock, STRIDE_MAX)
    }

    /// As [`Awake::new`], with another longest time between two looks that counts in full.
    #[must_use]
    pub fn with(clock: Clock, stride_max: Duration) -> Self {
        let seen = LastLook {
            awake: Duration::ZERO,
            monotonic: clock.monotonic(),
            wall: clock.now(),
            stops: 0,
            steps: ClockSteps::default(),
        };
        Self(Arc::new(Inner {
            clock,
            stride_max,
            seen: Mutex::new(seen),
        }))
    }

    /// Looks at the clocks until `stop` is cancelled.
    #[must_use]
    pub fn keep_looking(&self, stop: CancellationToken) -> Heartbeat {
        let awake = self.clone();
        Heartbeat(Steady::start("the heartbeat", stop, move |_, stop| {
            let awake = awake.clone();
            async move {
                while rest(&stop, BEAT).await.is_ok() {
                    let _ = awake.now();
                }
            }
        }))
    }

    /// For how long this process was awake.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.look().awake
    }

    /// How often this process did not run for a while. Messages of that time may still be unread.
    #[must_use]
    pub fn stops(&self) -> u64 {
        self.look().stops
    }

    /// How often the clock was set.
    #[must_use]
    pub fn steps(&self) -> ClockSteps {
        self.look().steps
    }

    fn look(&self) -> LastLook {
        let Inner {
            clock,
            stride_max,
            seen,
        } = &*self.0;
        let mut seen = seen.lock();
        let (monotonic, wall) = (clock.monotonic(), clock.now());
        let passed = monotonic.saturating_sub(seen.monotonic);
        seen.awake += passed.min(*stride_max);
        if passed > *stride_max {
            seen.stops += 1;
            tracing::warn!(
                seconds = passed.as_secs_f64(),
                "this process was suspended for {passed:.1?}: the count of unanswered pings starts over"
            );
        }
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let by = wall.duration_since(seen.wall).saturating_sub(passed);
        if by.abs() >= STEP_MIN {
            let steps = &mut seen.steps;
            let (count, way) = if by.is_positive() {
                (&mut steps.forward, "forward")
            } else {
                (&mut steps.back, "back")
            };
            *count += 1;
            steps.last = Some(ClockStep { by, at: wall });
            let far = by.abs();
            tracing::warn!(
                seconds = by.as_secs_f64(),
                "the clock was set {way} by {far:#} to {wall}"
            );
        }
        (seen.monotonic, seen.wall) = (monotonic, wall);
        *seen
    }
}

impl Heartbeat {
    /// Ends it, and returns when it has ended.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

#[cfg(test)]
mod tests;
