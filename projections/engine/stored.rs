//! How rows are written: postcard, with times as seconds and nanoseconds.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::TableError;

/// The bytes of a row.
pub(crate) fn encode<T: Serialize>(row: &T) -> Bytes {
    postcard::to_stdvec(row)
        .expect("a row is plain data of known length")
        .into()
}

/// How many bytes a row has when it is written.
pub(crate) fn size<T: Serialize>(row: &T) -> usize {
    postcard::serialize_with_flavor(row, postcard::ser_flavors::Size::default())
        .expect("a row is plain data of known length")
}

/// The row that was written as these bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, TableError> {
    match postcard::take_from_bytes(bytes) {
        Ok((row, [])) => Ok(row),
        Ok(_) => Err(damaged("a row is followed by bytes that are not its own")),
        Err(error) => Err(damaged(&format!("a row cannot be read: {error}"))),
    }
}

pub(crate) fn damaged(reason: &str) -> TableError {
    TableError::Damaged {
        reason: reason.to_owned(),
    }
}

/// Times in rows: RFC 3339 for people, two integers for tables. Nothing is rounded.
pub(crate) mod time {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        at: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            at.serialize(serializer)
        } else {
            (at.as_second(), at.subsec_nanosecond()).serialize(serializer)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        if from.is_human_readable() {
            return Timestamp::deserialize(from);
        }
        let (seconds, nanoseconds) = <(i64, i32)>::deserialize(from)?;
        Timestamp::new(seconds, nanoseconds).map_err(serde::de::Error::custom)
    }

    /// The same for a time that may be unknown.
    pub(crate) mod option {
        use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp};

        #[derive(Serialize, Deserialize)]
        struct Time(#[serde(with = "super")] Timestamp);

        #[expect(clippy::ref_option, reason = "serde asks for this signature")]
        pub(crate) fn serialize<S: Serializer>(
            at: &Option<Timestamp>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            at.map(Time).serialize(to)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            Ok(Option::<Time>::deserialize(from)?.map(|time| time.0))
        }
    }
}
