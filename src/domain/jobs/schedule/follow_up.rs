//! When a job runs again.
//!
//! Called for a run that is about to be sent, never for one that returned: occasions are counted
//! from the last due time, not from the end.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::{Cron, Interval, Rhythm, Window};

/// How long a way through windows may be, from the first time that is not past.
const WALK_MAX: SignedDuration = SignedDuration::from_hours(24);

/// What the next occasion of a job depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFacts<'a> {
    /// What its occasions follow; nothing when it does not repeat by itself.
    pub rhythm: Option<&'a Rhythm>,
    /// When it does not run.
    pub excluded: &'a [Window],
    /// The schedule ids of its runs that have not returned, the one about to be sent included.
    pub open: BTreeSet<u64>,
    /// When its newest run was due, manual runs excepted.
    pub reference: Option<Timestamp>,
}

/// When a job runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUp {
    At(Timestamp),
    /// Another occasion is open already.
    AnotherIsOpen,
    /// It does not repeat by itself.
    DoesNotRepeat,
    /// It repeats, and there is no time for it: all of a day is excluded, or the calendar ends.
    /// Mail is sent.
    GivenUp,
}

/// When a job runs again. What was missed in the meantime is skipped, not caught up.
#[must_use]
pub fn follow_up(job: &JobFacts<'_>, now: Timestamp, zone: &TimeZone) -> FollowUp {
    if job.open.len() > 1 {
        return FollowUp::AnotherIsOpen;
    }
    let (Some(rhythm), Some(reference)) = (job.rhythm, job.reference) else {
        return FollowUp::DoesNotRepeat;
    };
    let time = match rhythm {
        Rhythm::Every(interval) => {
            let walk = Walk {
                interval: *interval,
                zone,
                offset: zone.to_offset(reference),
            };
            walk.to_first_allowed(reference, now, job.excluded)
        }
        Rhythm::Cron(cron) => by_cron(cron, reference, now, job.excluded, zone),
        Rhythm::Unreadable => None,
    };
    time.map_or(FollowUp::GivenUp, FollowUp::At)
}

/// When a job has its first occasion that has never run: the calendar knows, an interval does not.
#[must_use]
pub fn first_occasion(
    rhythm: &Rhythm,
    excluded: &[Window],
    now: Timestamp,
    zone: &TimeZone,
) -> Option<Timestamp> {
    match rhythm {
        Rhythm::Cron(cron) => by_cron(cron, now, now, excluded, zone),
        Rhythm::Every(_) | Rhythm::Unreadable => None,
    }
}

/// The first time that matches and is not excluded, within a day of the first that matches.
fn by_cron(
    cron: &Cron,
    reference: Timestamp,
    now: Timestamp,
    excluded: &[Window],
    zone: &TimeZone,
) -> Option<Timestamp> {
    let first = cron.first_after(reference, now, zone)?;
    let mut time = first;
    let is_excluded = |time| {
        let local = zone.to_datetime(time).time();
        excluded.iter().any(|window| window.contains(local))
    };
    while is_excluded(time) {
        if time.duration_since(first) > WALK_MAX {
            return None;
        }
        time = cron.first_after(time, time, zone)?;
    }
    Some(time)
}

/// A way from one occasion to the next, on a clock that shows local time as it was at the
/// reference.
struct Walk<'a> {
    interval: Interval,
    zone: &'a TimeZone,
    offset: Offset,
}

impl Walk<'_> {
    fn to_first_allowed(
        &self,
        reference: Timestamp,
        now: Timestamp,
        excluded: &[Window],
    ) -> Option<Timestamp> {
        let reference = self.offset.to_datetime(reference);
        let now = self.offset.to_datetime(now);
        let first = self.interval.first_not_before(reference, now)?;
        let mut time = first;
        while self.is_excluded(time, excluded)? {
            // Measured from the first that is not past: after a long pause one excluded time is not
            // yet a reason to stop for good.
            if time.duration_since(first) > WALK_MAX {
                return None;
            }
            time = self.interval.after(time)?;
        }
        self.scheduled(time)
    }

    /// Whether a job may not run at a time. Compared is the time of day that clocks will show then.
    fn is_excluded(&self, time: DateTime, excluded: &[Window]) -> Option<bool> {
        let local = if self.interval.unit.keeps_local_time() {
            time
        } else {
            self.zone.to_datetime(self.offset.to_timestamp(time).ok()?)
        };
        let excludes = |window: &Window| window.contains(local.time());
        Some(excluded.iter().any(excludes))
    }

    fn scheduled(&self, time: DateTime) -> Option<Timestamp> {
        let time = self.offset.to_timestamp(time).ok()?;
        if !self.interval.unit.keeps_local_time() {
            return Some(time);
        }
        let change = self.offset.seconds() - self.zone.to_offset(time).seconds();
        time.checked_add(SignedDuration::from_secs(i64::from(change)))
            .ok()
    }
}

#[cfg(test)]
mod tests;
