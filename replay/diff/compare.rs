//! Walks two tables side by side.

use std::cmp::Ordering;

use tables::{Key, Table, TableError, Value};

use super::{Difference, Live, View};
use crate::rows::{RowReader, key_text, row_json};

/// Finds the rows in which two tables of one view differ.
pub(super) fn tables(
    view: &str,
    live: &dyn Table,
    rebuilt: &dyn Table,
    differences_max: usize,
) -> Result<View, TableError> {
    let mut found = View {
        name: view.to_owned(),
        live: Live::Equal,
        equal: true,
        discarded: false,
        rows: 0,
        different: 0,
        differences: Vec::new(),
    };
    let (mut live, mut rebuilt) = (RowReader::new(live), RowReader::new(rebuilt));
    let (mut here, mut there) = (live.next()?, rebuilt.next()?);
    loop {
        let order = match (&here, &there) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((here, _)), Some((there, _))) => here.cmp(there),
        };
        let mine = if order.is_le() {
            std::mem::replace(&mut here, live.next()?)
        } else {
            None
        };
        let theirs = if order.is_ge() {
            std::mem::replace(&mut there, rebuilt.next()?)
        } else {
            None
        };
        found.rows += u64::from(mine.is_some());
        if mine != theirs {
            (found.live, found.equal) = (Live::Different, false);
            found.different += 1;
            if found.differences.len() < differences_max {
                found.differences.push(difference(view, mine, theirs));
            }
        }
    }
    Ok(found)
}

fn difference(view: &str, live: Option<(Key, Value)>, rebuilt: Option<(Key, Value)>) -> Difference {
    let key = live
        .as_ref()
        .or(rebuilt.as_ref())
        .map(|(key, _)| key_text(key));
    let say = |row: Option<(Key, Value)>| row.map(|(_, value)| row_json(view, &value));
    Difference {
        key: key.unwrap_or_default(),
        live: say(live),
        rebuilt: say(rebuilt),
    }
}
