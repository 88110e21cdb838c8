//! Comparisons of one value.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::time;

/// How many values one list of values may have.
const VALUES_MAX: usize = 1000;

/// Every lookup, also those that no field here has.
pub(super) const LOOKUPS: [&str; 22] = [
    "exact",
    "iexact",
    "contains",
    "icontains",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "range",
    "year",
    "month",
    "day",
    "week_day",
    "isnull",
    "search",
    "regex",
    "iregex",
];

/// A comparison with a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test<T> {
    Is(T),
    Over(T),
    AtLeast(T),
    Under(T),
    AtMost(T),
    Between(T, T),
    In(Vec<T>),
    IsNull(bool),
    /// Of texts alone.
    StartsWith(String),
    /// Of texts alone.
    EndsWith(String),
    /// Of texts alone.
    Contains(String),
}

/// What can be compared.
pub(crate) trait Operand: PartialOrd + Sized {
    /// Reads a value; none when it is of another type.
    fn read(text: &str, zone: &TimeZone) -> Option<Self>;

    /// The value as a text, if it is one.
    fn text(&self) -> Option<&str> {
        None
    }
}

impl Operand for i64 {
    fn read(text: &str, _: &TimeZone) -> Option<Self> {
        text.trim().parse().ok()
    }
}

impl Operand for bool {
    fn read(text: &str, _: &TimeZone) -> Option<Self> {
        match text {
            "true" | "True" | "1" => Some(true),
            "false" | "False" | "0" => Some(false),
            _ => None,
        }
    }
}

impl Operand for Timestamp {
    fn read(text: &str, zone: &TimeZone) -> Option<Self> {
        time::read(text, zone)
    }
}

impl Operand for String {
    fn read(text: &str, _: &TimeZone) -> Option<Self> {
        Some(text.to_owned())
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl<T: Operand> Test<T> {
    /// Reads a comparison; none when there is no such one of this type, or its value is of another.
    pub(super) fn read(lookup: &str, value: &str, zone: &TimeZone) -> Option<Self> {
        let one = || T::read(value, zone);
        let text = || one().and_then(|value| value.text().map(str::to_owned));
        Some(match lookup {
            "exact" => Self::Is(one()?),
            "gt" => Self::Over(one()?),
            "gte" => Self::AtLeast(one()?),
            "lt" => Self::Under(one()?),
            "lte" => Self::AtMost(one()?),
            "range" => {
                let (from, to) = value.split_once(',')?;
                Self::Between(T::read(from, zone)?, T::read(to, zone)?)
            }
            "in" if value.split(',').nth(VALUES_MAX).is_some() => return None,
            "in" => {
                let values = value.split(',').map(|value| T::read(value, zone));
                Self::In(values.collect::<Option<_>>()?)
            }
            "isnull" => Self::IsNull(bool::read(value, zone)?),
            "startswith" => Self::StartsWith(text()?),
            "endswith" => Self::EndsWith(text()?),
            "contains" => Self::Contains(text()?),
            _ => return None,
        })
    }

    /// Whether a value matches. A missing value matches only `isnull`.
    pub(crate) fn admits(&self, value: Option<&T>) -> bool {
        if let Self::IsNull(expected) = self {
            return value.is_none() == *expected;
        }
        let Some(value) = value else {
            return false;
        };
        let text = || value.text().unwrap_or_default();
        match self {
            Self::IsNull(_) => false,
            Self::Is(expected) => value == expected,
            Self::Over(bound) => value > bound,
            Self::AtLeast(bound) => value >= bound,
            Self::Under(bound) => value < bound,
            Self::AtMost(bound) => value <= bound,
            Self::Between(from, to) => value >= from && value <= to,
            Self::In(values) => values.contains(value),
            Self::StartsWith(part) => text().starts_with(part.as_str()),
            Self::EndsWith(part) => text().ends_with(part.as_str()),
            Self::Contains(part) => text().contains(part.as_str()),
        }
    }
}
