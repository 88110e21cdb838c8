//! The bytes of a block: rows in order, each without what it shares with the row before.
//!
//! ```text
//! format │ row │ row │ … │ where each group of rows begins │ count of rows
//! ```
//!
//! A row is four numbers and the bytes that are its own: how many bytes of the key are shared and
//! how many are not, then one more than how many bytes of the value are its own, then how many are
//! shared. Where the third number is 0, the row hides the one of this key in older runs, and the
//! fourth is left out. The first row of a group shares nothing, so that a search need not read the
//! groups before.

use bytes::Bytes;

/// The version of the format, with which every block begins.
pub(super) const FORMAT: u8 = 2;

/// Rows in a group; part of the format.
pub(super) const GROUP_ROWS: usize = if cfg!(test) { 3 } else { 16 };

/// What a place or a count takes after the rows.
const WORD_BYTES: usize = 4;

/// The bytes are not a block.
#[derive(Debug)]
pub(super) struct Malformed;

/// What a run holds for a key: a value, or `None` for a deletion, which hides older runs.
pub(super) type Written<'r> = Option<&'r [u8]>;

/// The bytes of a block, and where its rows end.
#[derive(Clone, Default)]
struct Frame {
    block: Bytes,
    end: usize,
    rows: usize,
}

impl Frame {
    fn new(block: Bytes) -> Result<Self, Malformed> {
        let (body, rows) = block.split_last_chunk::<WORD_BYTES>().ok_or(Malformed)?;
        let rows = u32::from_le_bytes(*rows) as usize;
        let groups = rows.div_ceil(GROUP_ROWS).checked_mul(WORD_BYTES);
        let end = groups.and_then(|groups| body.len().checked_sub(groups));
        let end = end.ok_or(Malformed)?;
        if rows == 0 || end == 0 || body[0] != FORMAT {
            return Err(Malformed);
        }
        Ok(Self { block, end, rows })
    }

    /// Where a group begins; there is one of this number.
    fn group(&self, group: usize) -> Result<usize, Malformed> {
        let at = self.end + group * WORD_BYTES;
        let place = self.block[at..].first_chunk().ok_or(Malformed)?;
        let place = u32::from_le_bytes(*place) as usize;
        (place < self.end).then_some(place).ok_or(Malformed)
    }

    fn group_key(&self, group: usize) -> Result<&[u8], Malformed> {
        let (header, rest) = Header::take(&self.block[self.group(group)?..self.end])?;
        rest.get(..header.key_own).ok_or(Malformed)
    }

    /// The last group whose first key is before what is looked for, or the first of all.
    fn group_before(&self, is_before: impl Fn(&[u8]) -> bool) -> Result<usize, Malformed> {
        let (mut low, mut high) = (0, self.rows.div_ceil(GROUP_ROWS));
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            match is_before(self.group_key(middle)?) {
                true => low = middle,
                false => high = middle,
            }
        }
        Ok(low)
    }
}

/// The numbers before the bytes of a row.
struct Header {
    key_shared: usize,
    key_own: usize,
    /// None when the row hides another.
    value_own: Option<usize>,
    value_shared: usize,
}

impl Header {
    fn take(mut rest: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let key_shared = take_length(&mut rest)?;
        let key_own = take_length(&mut rest)?;
        let value_own = take_length(&mut rest)?.checked_sub(1);
        let value_shared = match value_own {
            Some(_) => take_length(&mut rest)?,
            None => 0,
        };
        let header = Self {
            key_shared,
            key_own,
            value_own,
            value_shared,
        };
        Ok((header, rest))
    }
}

/// Reads a block row by row.
pub(super) struct Cursor {
    frame: Frame,
    at: usize,
    key: Vec<u8>,
    value: Vec<u8>,
    hides: bool,
}

impl Cursor {
    /// Before the first row.
    pub(super) fn new(block: Bytes) -> Result<Self, Malformed> {
        Ok(Self {
            frame: Frame::new(block)?,
            at: 1,
            key: Vec::with_capacity(64),
            value: Vec::with_capacity(64),
            hides: false,
        })
    }

    /// Before the first row of a group in which the last key not after `key` is, if there is one.
    pub(super) fn new_near(block: Bytes, key: &[u8]) -> Result<Self, Malformed> {
        let mut cursor = Self::new(block)?;
        let group = cursor.frame.group_before(|first| first <= key)?;
        cursor.at = cursor.frame.group(group)?;
        Ok(cursor)
    }

    /// Goes on to the next row, if there is one.
    pub(super) fn advance(&mut self) -> Result<bool, Malformed> {
        let rest = &self.frame.block[self.at..self.frame.end];
        if rest.is_empty() {
            return Ok(false);
        }
        let (header, rest) = Header::take(rest)?;
        let own = header.value_own.unwrap_or(0);
        let (key, rest) = rest.split_at_checked(header.key_own).ok_or(Malformed)?;
        let (value, rest) = rest.split_at_checked(own).ok_or(Malformed)?;
        if header.key_shared > self.key.len() || header.value_shared > self.value.len() {
            return Err(Malformed);
        }
        self.key.truncate(header.key_shared);
        self.key.extend_from_slice(key);
        self.hides = header.value_own.is_none();
        if !self.hides {
            self.value.truncate(header.value_shared);
            self.value.extend_from_slice(value);
        }
        self.at = self.frame.end - rest.len();
        Ok(true)
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(super) fn value(&self) -> Written<'_> {
        (!self.hides).then_some(&self.value)
    }
}

/// A block that is read in either direction, from any row on. One group of it is taken apart at a
/// time.
#[derive(Default)]
pub(super) struct Opened {
    frame: Frame,
    group: Option<usize>,
    bytes: Vec<u8>,
    rows: Vec<Row>,
    /// The current row, within the group.
    at: usize,
}

struct Row {
    key: usize,
    value: usize,
    end: usize,
    hides: bool,
}

impl Opened {
    /// [`Opened::go_to`] must set the place before the first read.
    pub(super) fn new(block: Bytes) -> Result<Self, Malformed> {
        Ok(Self {
            frame: Frame::new(block)?,
            ..Self::default()
        })
    }

    pub(super) fn len(&self) -> usize {
        self.frame.rows
    }

    /// Goes to a row by its number.
    pub(super) fn go_to(&mut self, row: usize) -> Result<(), Malformed> {
        if row >= self.frame.rows {
            return Err(Malformed);
        }
        self.take_apart(row / GROUP_ROWS)?;
        self.at = row % GROUP_ROWS;
        (self.at < self.rows.len()).then_some(()).ok_or(Malformed)
    }

    pub(super) fn key(&self) -> &[u8] {
        self.key_of(&self.rows[self.at])
    }

    pub(super) fn value(&self) -> Written<'_> {
        let row = &self.rows[self.at];
        (!row.hides).then_some(&self.bytes[row.value..row.end])
    }

    /// How many rows come before the first whose key is not `is_before`.
    pub(super) fn count_before(
        &mut self,
        is_before: impl Fn(&[u8]) -> bool,
    ) -> Result<usize, Malformed> {
        let group = self.frame.group_before(&is_before)?;
        self.take_apart(group)?;
        let within = self.rows.partition_point(|row| is_before(self.key_of(row)));
        Ok(group * GROUP_ROWS + within)
    }

    fn key_of(&self, row: &Row) -> &[u8] {
        &self.bytes[row.key..row.value]
    }

    fn take_apart(&mut self, group: usize) -> Result<(), Malformed> {
        if self.group == Some(group) {
            return Ok(());
        }
        self.group = Some(group);
        self.bytes.clear();
        self.rows.clear();
        let mut rows = Cursor::new(self.frame.block.clone())?;
        rows.at = self.frame.group(group)?;
        while self.rows.len() < GROUP_ROWS && rows.advance()? {
            let key = self.bytes.len();
            self.bytes.extend_from_slice(rows.key());
            let value = self.bytes.len();
            self.bytes
                .extend_from_slice(rows.value().unwrap_or_default());
            let end = self.bytes.len();
            let hides = rows.hides;
            self.rows.push(Row {
                key,
                value,
                end,
                hides,
            });
        }
        Ok(())
    }
}

/// Takes a number that [`put_number`](super::builder::put_number) wrote.
pub(super) fn take_number(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or(Malformed)?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Malformed)
}

fn take_length(rest: &mut &[u8]) -> Result<usize, Malformed> {
    // Most lengths take one byte.
    if let [byte @ 0..0x80, after @ ..] = *rest {
        *rest = after;
        return Ok(usize::from(*byte));
    }
    usize::try_from(take_number(rest)?).map_err(|_| Malformed)
}
