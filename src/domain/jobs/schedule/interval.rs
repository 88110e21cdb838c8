//! How far apart the occasions of a job are.

use std::num::NonZeroU32;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// In what a job's interval is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalUnit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// The same time of the next day.
    Day,
    /// The number of days of the current month: 31 January is followed by 3 March.
    Month,
}

impl IntervalUnit {
    /// The unit with this name on the job runner's wire; none for the empty text and for any other.
    #[must_use]
    pub fn from_wire(name: &str) -> Option<Self> {
        match name {
            "MINUTE" => Some(Self::Minute),
            "HOUR" => Some(Self::Hour),
            "DAY" => Some(Self::Day),
            "MONTH" => Some(Self::Month),
            _ => None,
        }
    }

    /// Its name on the job runner's wire.
    #[must_use]
    pub fn wire(self) -> &'static str {
        match self {
            Self::Minute => "MINUTE",
            Self::Hour => "HOUR",
            Self::Day => "DAY",
            Self::Month => "MONTH",
        }
    }

    /// Whether occasions keep their local time of day when the clocks change. Those that are
    /// minutes or hours apart keep their distance instead: a corrected one would run back to back
    /// for an hour in spring and not at all for an hour in autumn.
    #[must_use]
    pub fn keeps_local_time(self) -> bool {
        matches!(self, Self::Day | Self::Month)
    }
}

/// How far apart the occasions of a job are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// How many units.
    pub count: NonZeroU32,
    pub unit: IntervalUnit,
}

impl Interval {
    /// The interval of a job that has both parts. With only one of them, or none, it never runs
    /// again by itself; neither with a count of 0.
    #[must_use]
    pub fn of(count: Option<u32>, unit: Option<IntervalUnit>) -> Option<Self> {
        let count = NonZeroU32::new(count?)?;
        Some(Self { count, unit: unit? })
    }

    /// One interval later, on a clock without changes; none when that exceeds the calendar.
    pub(super) fn after(self, time: DateTime) -> Option<DateTime> {
        match self.length() {
            Some(length) => time.checked_add(length).ok(),
            // Ends after some hundred thousand months at the latest: there time ends as well.
            None => (0..self.count.get()).try_fold(time, |time, _| {
                let days = i64::from(time.date().days_in_month());
                time.checked_add(SignedDuration::from_hours(24 * days)).ok()
            }),
        }
    }

    /// The first of the times one, two, three, … intervals after `reference` that is not before
    /// `now`.
    pub(super) fn first_not_before(self, reference: DateTime, now: DateTime) -> Option<DateTime> {
        let mut time = reference;
        if let Some(length) = self.length() {
            // Years of minutes are jumped over, not walked through.
            let past = now.duration_since(reference).as_secs() / length.as_secs();
            let skipped = i64::max(past - 1, 0).checked_mul(length.as_secs())?;
            time = time.checked_add(SignedDuration::from_secs(skipped)).ok()?;
        }
        loop {
            time = self.after(time)?;
            if time >= now {
                return Some(time);
            }
        }
    }

    /// How long it is, if it always is as long.
    fn length(self) -> Option<SignedDuration> {
        let count = i64::from(self.count.get());
        match self.unit {
            IntervalUnit::Minute => Some(SignedDuration::from_mins(count)),
            IntervalUnit::Hour => Some(SignedDuration::from_hours(count)),
            IntervalUnit::Day => Some(SignedDuration::from_hours(24 * count)),
            IntervalUnit::Month => None,
        }
    }
}

#[cfg(test)]
mod tests;
