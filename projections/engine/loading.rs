//! How a fold takes up what it holds in memory.

use serde::de::DeserializeOwned;
use tables::Range;

use super::rows::Rows;
use super::stored;

/// How many rows are read at once.
const CHUNK: usize = 1000;

/// Takes up every row whose key begins with `prefix`, in the order of keys.
pub(crate) fn each<T: DeserializeOwned>(
    prefix: u8,
    rows: &mut Rows<'_>,
    mut take: impl FnMut(&[u8], T, &mut Rows<'_>),
) {
    let prefix = [prefix];
    let mut range = Range::prefix(&prefix).limit(CHUNK);
    loop {
        let found = rows.scan(range.clone());
        for (key, value) in &found {
            match stored::decode(value) {
                Ok(row) => take(key, row, rows),
                Err(error) => {
                    rows.fail::<()>(error);
                    return;
                }
            }
        }
        let Some((last, _)) = found.last().filter(|_| found.len() == CHUNK) else {
            return;
        };
        range = range.after(last);
    }
}
