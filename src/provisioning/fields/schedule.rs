//! Reads when something happens: moments, intervals, times of day.

use commands::time_zone;
use domain::jobs::schedule::{Cron, IntervalUnit, Window};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Fields;

/// The most windows in which one job does not run.
const WINDOWS_MAX: usize = 100;

/// When something is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Now,
    /// At this time.
    At(Timestamp),
}

impl Fields<'_> {
    /// A moment, or `now`.
    pub(crate) fn moment(&mut self, key: &'static str) -> Option<Moment> {
        let value = self.take(key)?;
        let moment = value.as_str().and_then(|text| match text {
            "now" => Some(Moment::Now),
            text => text.parse().ok().map(Moment::At),
        });
        match moment {
            Some(moment) => Some(moment),
            None => self.fault(key, "is `now`, or a time such as 2026-11-27T02:00:00+01:00"),
        }
    }

    /// The unit of an interval; `null` and the empty text mean none.
    pub(crate) fn interval_unit(&mut self, key: &'static str) -> Option<Option<IntervalUnit>> {
        match self.take(key)? {
            Value::Null => Some(None),
            Value::String(text) if text.is_empty() => Some(None),
            Value::String(text) => match IntervalUnit::from_wire(&text) {
                Some(unit) => Some(Some(unit)),
                None => self.fault(key, "is MINUTE, HOUR, DAY, MONTH or nothing"),
            },
            _ => self.fault(key, "is MINUTE, HOUR, DAY, MONTH or nothing"),
        }
    }

    /// A cron expression; `null` and the empty text mean none.
    pub(crate) fn cron(&mut self, key: &'static str) -> Option<Option<String>> {
        let text = match self.take(key)? {
            Value::Null => return Some(None),
            Value::String(text) => text.trim().to_owned(),
            _ => return self.fault(key, "is a text, such as \"0 3 * * MON-FRI\""),
        };
        match Cron::parse(&text) {
            _ if text.is_empty() => Some(None),
            Ok(_) => Some(Some(text)),
            Err(rejection) => self.fault(key, rejection.to_string()),
        }
    }

    /// A time zone by its IANA name; `null` and the empty text mean the default.
    pub(crate) fn time_zone(&mut self, key: &'static str) -> Option<Option<String>> {
        let zone = match self.take(key)? {
            Value::Null => return Some(None),
            Value::String(name) if name.is_empty() => return Some(None),
            Value::String(name) => time_zone(&name),
            _ => None,
        };
        match zone.as_ref().and_then(TimeZone::iana_name) {
            Some(name) => Some(Some(name.to_owned())),
            None => self.fault(key, "is the name of a time zone, such as Europe/Amsterdam"),
        }
    }

    /// Times of day between which nothing happens.
    pub(crate) fn windows(&mut self, key: &'static str) -> Option<Vec<Window>> {
        let items = self.list(key, WINDOWS_MAX)?;
        let windows: Vec<Option<Window>> = items.iter().map(window).collect();
        for (index, window) in windows.iter().enumerate() {
            if window.is_none() {
                self.fault::<()>(
                    &format!("{key}[{index}]"),
                    "is two local times of day, \"22:00-06:00\" or {start: \"22:00\", end: \"06:00\"}",
                );
            }
        }
        windows.into_iter().collect()
    }
}

fn window(value: &Value) -> Option<Window> {
    let (from, until) = match value {
        Value::String(text) => text.split_once('-')?,
        Value::Object(both) if both.len() == 2 => {
            (both.get("start")?.as_str()?, both.get("end")?.as_str()?)
        }
        _ => return None,
    };
    Some(Window {
        from: time_of_day(from)?,
        until: time_of_day(until)?,
    })
}

fn time_of_day(text: &str) -> Option<Time> {
    let text = text.trim();
    let plain = |b: u8| b.is_ascii_digit() || b == b':';
    let whole = matches!(text.len(), 5 | 8) && text.bytes().all(plain);
    whole.then(|| text.parse().ok()).flatten()
}
