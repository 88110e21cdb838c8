//! Times of facts: RFC 3339 in JSON, two integers in binary formats. Nothing is rounded.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a time.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        at.serialize(serializer)
    } else {
        (at.as_second(), at.subsec_nanosecond()).serialize(serializer)
    }
}

/// Reads a time.
///
/// # Errors
/// When it is out of range, and those of the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    if from.is_human_readable() {
        return Timestamp::deserialize(from);
    }
    let (seconds, nanoseconds) = <(i64, i32)>::deserialize(from)?;
    Timestamp::new(seconds, nanoseconds).map_err(serde::de::Error::custom)
}

/// The same for a time that may be unknown.
pub mod option {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp};

    #[derive(Serialize, Deserialize)]
    struct Time(#[serde(with = "super")] Timestamp);

    /// Writes a time or none.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        at.map(Time).serialize(to)
    }

    /// Reads a time or none.
    ///
    /// # Errors
    /// As for a time.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Time>::deserialize(from)?.map(|time| time.0))
    }
}
