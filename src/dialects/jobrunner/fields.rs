//! A body as it is written to things: named fields, of which each may be there, empty or missing.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use web::body::{JSON_DEPTH_MAX, check_depth};

use crate::refusal::{Refusal, Reply};
use crate::resource::Resource;
use crate::time;

mod surrogates;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fields(Map<String, Value>);

/// A field that was not sent is `None`; `Some(None)` empties it.
pub(crate) type Written<T> = Option<Option<T>>;

impl Fields {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 when it is not a JSON object, or nests too deep.
    pub(crate) fn read(body: &[u8]) -> Reply<Self> {
        if let Err(offset) = check_depth(body) {
            let text = format!("nests deeper than {JSON_DEPTH_MAX} levels at byte {offset}");
            return Err(Refusal::about("body", text));
        }
        let text = std::str::from_utf8(body).map_err(|error| {
            let text = format!("is not UTF-8 at byte {}", error.valid_up_to());
            Refusal::about("body", text)
        })?;
        let text = surrogates::mend(text);
        match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Refusal::about("body", "is not a JSON object")),
            Err(error) => Err(Refusal::about("body", format!("is not JSON: {error}"))),
        }
    }

    /// A text of so many characters at most.
    pub(crate) fn text(&self, name: &str, chars_max: usize) -> Reply<Written<String>> {
        self.each(name, "a text", |value| value.as_str().map(str::to_owned))
            .and_then(|text| match &text {
                Some(Some(known)) if known.chars().count() > chars_max => Err(Refusal::about(
                    name,
                    format!("has more than {chars_max} characters"),
                )),
                _ => Ok(text),
            })
    }

    pub(crate) fn boolean(&self, name: &str) -> Reply<Written<bool>> {
        self.each(name, "true or false", Value::as_bool)
    }

    /// A whole number of so many bits.
    pub(crate) fn number<T: TryFrom<i64>>(&self, name: &str) -> Reply<Written<T>> {
        self.each(name, "an integer in range", |value| {
            T::try_from(value.as_i64()?).ok()
        })
    }

    pub(crate) fn date(&self, name: &str, zone: &TimeZone) -> Reply<Written<Timestamp>> {
        let form = "a date: YYYY-MM-DD, or YYYY-MM-DD HH:MM[:SS[.ffffff]] and perhaps an offset";
        self.each(name, form, |value| time::read(value.as_str()?, zone))
    }

    /// The number of the thing at the place that is written here. Whether it exists is another
    /// question.
    pub(crate) fn relation(&self, name: &str, to: Resource) -> Reply<Written<u64>> {
        let form = format!("the URI of a {}: {}", to.name(), to.uri(1));
        self.each(name, &form, |value| to.number_in(value.as_str()?))
    }

    fn each<T>(
        &self,
        name: &str,
        form: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Reply<Written<T>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(Some(read))),
                None => Err(Refusal::about(name, format!("must be {form}"))),
            },
        }
    }
}

/// A field that cannot be empty.
///
/// # Errors
/// 400 when it is.
pub(crate) fn not_null<T>(name: &str, written: Written<T>) -> Reply<Option<T>> {
    match written {
        Some(None) => Err(Refusal::about(name, "must not be null")),
        Some(Some(value)) => Ok(Some(value)),
        None => Ok(None),
    }
}

/// A field that must be there.
///
/// # Errors
/// 400 when it is missing or empty.
pub(crate) fn required<T>(name: &str, written: Written<T>) -> Reply<T> {
    not_null(name, written)?.ok_or_else(|| Refusal::about(name, "is missing"))
}

#[cfg(test)]
mod tests;
