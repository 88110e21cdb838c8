//! JSON with blanks, as the old server spells it.
//!
//! No client needs them. But recorded answers can be compared byte for byte only with answers that
//! have them.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes an answer. Names keep the given order; the old server sorts them.
pub(crate) fn write(answer: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(512);
    answer.serialize(&mut Serializer::with_formatter(&mut text, Blanks))?;
    Ok(text)
}

struct Blanks;

impl Formatter for Blanks {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blanks_are_only_after_colons_and_commas() {
        let answer = json!({"a": [1, {"b": null}, []], "c": "é, \"x\":\n", "d": {}});
        let expected = r#"{"a": [1, {"b": null}, []], "c": "é, \"x\":\n", "d": {}}"#;
        assert_eq!(write(&answer).unwrap(), expected.as_bytes());
    }
}
