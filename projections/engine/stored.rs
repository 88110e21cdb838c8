//! How rows are written: postcard, with times as seconds and nanoseconds.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::TableError;

pub(crate) use domain::compact_time as time;

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
