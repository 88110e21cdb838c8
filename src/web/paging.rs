//! Pages of lists, and the opaque cursors between them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use projections::Cursor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Problem;

/// The default size of a page.
pub const PAGE_DEFAULT: usize = 100;

/// How many entries a page has at most.
pub const PAGE_MAX: usize = 1000;

/// The longest cursor that is looked at.
pub const CURSOR_BYTES_MAX: usize = 4096;

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Listing<T> {
    /// The entries, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<String>,
}

/// Checks the requested number of entries.
///
/// # Errors
/// 400 when it is 0 or more than [`PAGE_MAX`].
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(PAGE_DEFAULT),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::bad_request("page size out of range")
            .at("limit", format!("{limit} is not between 1 and {PAGE_MAX}"))),
    }
}

/// How many bytes of an answer an entry takes.
///
/// # Errors
/// 500 when it cannot be written as JSON.
pub fn bytes_of(entry: &impl Serialize) -> Result<usize, Problem> {
    let mut bytes = Counted(0);
    match serde_json::to_writer(&mut bytes, entry) {
        Ok(()) => Ok(bytes.0),
        Err(error) => {
            tracing::error!(%error, "an entry of a list cannot be written as JSON: {error}");
            Err(Problem::internal("the answer cannot be written"))
        }
    }
}

/// Counts bytes instead of keeping them.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Wraps a place in a list so that clients do not build one by hand.
#[must_use]
pub fn seal(place: &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(place.as_bytes())
}

/// Unwraps what [`seal`] has wrapped; the beginning of the list when there is nothing to unwrap.
///
/// # Errors
/// 400 when it was never wrapped here.
pub fn open(cursor: Option<&str>) -> Result<Cursor, Problem> {
    let Some(cursor) = cursor else {
        return Ok(Cursor::start());
    };
    let place = (cursor.len() <= CURSOR_BYTES_MAX)
        .then(|| URL_SAFE_NO_PAD.decode(cursor).ok())
        .flatten();
    place.map(Cursor::from_bytes).ok_or_else(|| {
        Problem::bad_request("invalid `cursor`: it does not belong to this list")
            .at("cursor", "expected `next` of the previous page, unchanged")
    })
}

impl<T> Listing<T> {
    /// A page as a client reads it.
    pub fn of<R>(page: projections::Listing<R>, to_wire: impl FnMut(R) -> T) -> Self {
        Self {
            next: page.next.as_ref().map(seal),
            items: page.rows.into_iter().map(to_wire).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_between_one_and_a_thousand_entries() {
        for (asked, expected) in [
            (None, Some(PAGE_DEFAULT)),
            (Some(1), Some(1)),
            (Some(1000), Some(1000)),
            (Some(0), None),
            (Some(1001), None),
        ] {
            assert_eq!(limit(asked).ok(), expected, "{asked:?}");
        }
    }

    #[test]
    fn a_cursor_is_opened_only_when_it_was_sealed_here() {
        let place = Cursor::from_bytes([0, 255, 7]);
        assert_eq!(open(Some(&seal(&place))).unwrap(), place);
        assert!(open(None).unwrap().is_start());
        for foreign in ["%", "é", "a b", &"A".repeat(5000)] {
            assert_eq!(open(Some(foreign)).unwrap_err().status, 400, "{foreign}");
        }
    }
}
