//! Where rows that are too many for one block are cut.

use super::BLOCK_BYTES_MAX;
use super::block::{Rows, shared};

/// Gives out blocks for these rows, each with the key that parts it from the one before; none for the first.
pub(super) fn cut(rows: &Rows, mut block: impl FnMut(Option<&[u8]>, Vec<u8>)) {
    if rows.len() == 0 {
        return;
    }
    let mut begin = 0_usize;
    for end in ends(rows) {
        let separator = begin
            .checked_sub(1)
            .map(|last| separator(rows.key(last), rows.key(begin)));
        block(separator, rows.pack(begin..end));
        begin = end;
    }
}

/// The shortest beginning of `key` that is greater than `before`.
fn separator<'k>(before: &[u8], key: &'k [u8]) -> &'k [u8] {
    &key[..(shared(before, key) + 1).min(key.len())]
}

/// Where each block ends.
///
/// What comes next usually comes beside what came now. So the side that is done with is filled to the brim,
/// and room is left on the other: an index that lists the newest first grows at its beginning, and rows that
/// are numbered grow at their end.
fn ends(rows: &Rows) -> Vec<usize> {
    let total = rows.bytes();
    if total <= BLOCK_BYTES_MAX {
        return vec![rows.len()];
    }
    match leaning(rows) {
        std::cmp::Ordering::Less => fill(rows, BLOCK_BYTES_MAX),
        std::cmp::Ordering::Equal => fill(rows, total.div_ceil(total.div_ceil(BLOCK_BYTES_MAX))),
        std::cmp::Ordering::Greater => fill_back(rows),
    }
}

/// Whether new rows belong to what stands before them (`Less`: it grows upwards) or after them.
fn leaning(rows: &Rows) -> std::cmp::Ordering {
    let (mut before, mut after) = (0, 0);
    let mut index = 0;
    while index < rows.len() {
        if !rows.is_new(index) {
            index += 1;
            continue;
        }
        let first = index;
        while index < rows.len() && rows.is_new(index) {
            index += 1;
        }
        let with_before = match first {
            0 => 0,
            first => shared(rows.key(first - 1), rows.key(first)),
        };
        let with_after = match index < rows.len() {
            true => shared(rows.key(index - 1), rows.key(index)),
            false => 0,
        };
        match with_before.cmp(&with_after) {
            std::cmp::Ordering::Less => after += index - first,
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => before += index - first,
        }
    }
    after.cmp(&before)
}

/// Full blocks from the first row on.
fn fill(rows: &Rows, bytes_max: usize) -> Vec<usize> {
    let (mut ends, mut bytes) = (Vec::new(), 0);
    for index in 0..rows.len() {
        if bytes > 0 && bytes + rows.packed(index) > bytes_max {
            ends.push(index);
            bytes = 0;
        }
        bytes += rows.packed(index);
    }
    ends.push(rows.len());
    ends
}

/// Full blocks from the last row on.
fn fill_back(rows: &Rows) -> Vec<usize> {
    let (mut ends, mut bytes) = (vec![rows.len()], 0);
    for index in (0..rows.len()).rev() {
        if bytes > 0 && bytes + rows.packed(index) > BLOCK_BYTES_MAX {
            ends.push(index + 1);
            bytes = 0;
        }
        bytes += rows.packed(index);
    }
    ends.reverse();
    ends
}
