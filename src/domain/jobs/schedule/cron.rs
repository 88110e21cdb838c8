//! Occasions by the calendar: `0 3 * * MON-FRI`.
//!
//! Expressions are read, and days and times that match are found, by `croner`, which reads no
//! clock: both depend on arguments alone. The meaning of a single time of day on a day of a clock
//! change is decided here.

use std::fmt;

use croner::parser::{CronParser, Seconds, Year};
use croner::{Direction, JobType, TimeComponent, YEAR_UPPER_LIMIT};
use jiff::civil::{Date, DateTime, Time, date};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};
use thiserror::Error;

/// The longest expression, in bytes.
pub const CRON_BYTES_MAX: usize = 128;

/// The calendar repeats itself after so many years, as far as weekdays and leap days go: what does
/// not happen within these happens never.
const CALENDAR: (Date, Date) = (date(2000, 1, 1), date(2028, 1, 1));

/// When the occasions of a job are, by the calendar and the clock of some zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Cron(croner::Cron);

/// Why a text is no expression that a job can follow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CronRejection {
    #[error("has {CRON_BYTES_MAX} bytes at most")]
    TooLong,
    /// It makes no sense.
    #[error(
        "is no cron expression: minute, hour, day of the month, month and day of the week, or @hourly, @daily, @weekly, @monthly or @yearly ({0})"
    )]
    Unreadable(String),
    /// There is no such day.
    #[error("never happens: no year has such a day")]
    Never,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is none, or one that never happens.
    pub fn parse(text: &str) -> Result<Self, CronRejection> {
        if text.len() > CRON_BYTES_MAX {
            return Err(CronRejection::TooLong);
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = parser
            .parse(text)
            .map_err(|error| CronRejection::Unreadable(error.to_string()))?;
        let cron = Self(cron);
        if !cron.happens() {
            return Err(CronRejection::Never);
        }
        Ok(cron)
    }

    /// The first time that matches after `reference` and is not before `now`.
    ///
    /// When the clocks change, an expression that names one hour and one minute keeps its day: in
    /// spring it matches at the end of the skipped hour, in autumn the first time only. Every other
    /// one follows the clock: not at all in the skipped hour, and twice in the repeated one.
    #[must_use]
    pub fn first_after(
        &self,
        reference: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        let second = SignedDuration::from_secs(1);
        // Whole seconds: matches have no fractions, and must not be before the reference.
        let after = whole(reference).checked_add(second).ok()?;
        let from = match whole(now) {
            whole if whole == now => whole,
            whole => whole.checked_add(second).ok()?,
        };
        let from = after.max(from);
        if let Some(time) = self.time_of_day() {
            return self.first_day(time, from, zone);
        }
        let from = from.to_zoned(zone.clone());
        let found = self.0.find_next_occurrence(&from, true).ok()?;
        Some(found.timestamp())
    }

    /// The time of day, when the expression names one hour and one minute.
    fn time_of_day(&self) -> Option<Time> {
        if self.0.determine_job_type() != JobType::FixedTime {
            return None;
        }
        let first = |component| {
            let pattern = &self.0.pattern;
            let found = pattern.find_match_in_component(0, component, Direction::Forward);
            i8::try_from(found.ok()??).ok()
        };
        let (hour, minute) = (first(TimeComponent::Hour)?, first(TimeComponent::Minute)?);
        Time::new(hour, minute, 0, 0).ok()
    }

    /// The first matching day whose `time` is not before `from`.
    ///
    /// Days are matched before the time of day: the hour that a clock change skips may end after
    /// midnight, on a day that does not match.
    fn first_day(&self, time: Time, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(from).date();
        // A whole day may be left out, and its occasion is then at the start of the day after.
        let mut day = today.saturating_sub(Span::new().days(2));
        while i32::from(day.year()) <= YEAR_UPPER_LIMIT {
            if self.matches(day) {
                let at = occasion(day.to_datetime(time), zone)?;
                if at >= from {
                    return Some(at);
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// Whether any day matches. Every expression has a time of day, so only the day has to be
    /// searched, and the search for the next occasion ends.
    fn happens(&self) -> bool {
        let (first, end) = CALENDAR;
        let days = first.series(Span::new().days(1));
        days.take_while(|day| *day < end)
            .any(|day| self.matches(day))
    }

    fn matches(&self, day: Date) -> bool {
        let pattern = &self.0.pattern;
        let (year, month) = (i32::from(day.year()), day.month().unsigned_abs().into());
        let weekday = u32::from(day.weekday().to_sunday_zero_offset().unsigned_abs());
        let weekday = croner::Weekday::from_days_from_sunday(weekday);
        let day = day.day().unsigned_abs().into();
        pattern.month_match(month).unwrap_or(false)
            && pattern
                .day_match(year, month, day, weekday)
                .unwrap_or(false)
    }
}

impl fmt::Debug for Cron {
    /// The text: what was made of it fills pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cron").field(&self.0.as_str()).finish()
    }
}

/// When clocks show a time first; when they leave it out, when they go forward.
fn occasion(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let AmbiguousOffset::Gap { after, .. } = ambiguous.offset() else {
        return ambiguous.earlier().ok();
    };
    // Taken with the offset that holds later, what is left out is before the change.
    let before = after.to_timestamp(local).ok()?;
    let mut changes = zone.following(before);
    let change = changes.find(|change| change.offset() == after)?;
    Some(change.timestamp())
}

/// Without the part of a second, earlier or as it is.
fn whole(time: Timestamp) -> Timestamp {
    let part = i64::from(time.subsec_nanosecond()).rem_euclid(1_000_000_000);
    time.checked_sub(SignedDuration::from_nanos(part))
        .unwrap_or(time)
}

#[cfg(test)]
mod tests;
