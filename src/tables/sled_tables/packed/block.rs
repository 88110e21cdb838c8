//! The bytes of a block: rows in order, each without what it shares with the row before.

/// Every block begins with it; whatever else is there was written by somebody else.
const FORMAT: u8 = 1;

/// The bytes are not a block.
#[derive(Debug)]
pub(super) struct Malformed;

/// Reads a block row by row.
pub(super) struct Cursor<'b> {
    rest: &'b [u8],
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'b> Cursor<'b> {
    /// Before the first row.
    pub(super) fn new(block: &'b [u8]) -> Result<Self, Malformed> {
        match block {
            [FORMAT, rest @ ..] => Ok(Self {
                rest,
                key: Vec::with_capacity(64),
                value: Vec::with_capacity(64),
            }),
            _ => Err(Malformed),
        }
    }

    /// Goes on to the next row, if there is one.
    pub(super) fn advance(&mut self) -> Result<bool, Malformed> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        let key_shared = self.number()?;
        let key_own = self.number()?;
        let value_shared = self.number()?;
        let value_own = self.number()?;
        let (key, rest) = self.rest.split_at_checked(key_own).ok_or(Malformed)?;
        let (value, rest) = rest.split_at_checked(value_own).ok_or(Malformed)?;
        if key_shared > self.key.len() || value_shared > self.value.len() {
            return Err(Malformed);
        }
        self.key.truncate(key_shared);
        self.key.extend_from_slice(key);
        self.value.truncate(value_shared);
        self.value.extend_from_slice(value);
        self.rest = rest;
        Ok(true)
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.value
    }

    /// Seven bits to a byte, the least first; the highest bit says that more follow.
    fn number(&mut self) -> Result<usize, Malformed> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(Malformed)?;
            self.rest = rest;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }
}

/// Rows on their way into blocks.
#[derive(Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    packed: usize,
}

struct Row {
    key: usize,
    value: usize,
    end: usize,
    is_new: bool,
    /// What it takes in a block, unless it is the first there.
    packed: usize,
}

impl Rows {
    /// Adds a row; its key is greater than those before.
    pub(super) fn push(&mut self, key: &[u8], value: &[u8], is_new: bool) {
        let (key_shared, value_shared) = match self.rows.len().checked_sub(1) {
            Some(last) => (shared(self.key(last), key), shared(self.value(last), value)),
            None => (0, 0),
        };
        // Lengths take a byte or two each.
        let packed = key.len() + value.len() - key_shared - value_shared + 5;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.rows.push(Row {
            key: start,
            value: start + key.len(),
            end: self.bytes.len(),
            is_new,
            packed,
        });
        self.packed += packed;
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// About how many bytes they take as one block.
    pub(super) fn bytes(&self) -> usize {
        self.packed
    }

    pub(super) fn key(&self, index: usize) -> &[u8] {
        let row = &self.rows[index];
        &self.bytes[row.key..row.value]
    }

    fn value(&self, index: usize) -> &[u8] {
        let row = &self.rows[index];
        &self.bytes[row.value..row.end]
    }

    /// Whether no row of this key was there before.
    pub(super) fn is_new(&self, index: usize) -> bool {
        self.rows[index].is_new
    }

    pub(super) fn packed(&self, index: usize) -> usize {
        self.rows[index].packed
    }

    /// The block that holds these rows.
    pub(super) fn pack(&self, rows: std::ops::Range<usize>) -> Vec<u8> {
        let size: usize = self.rows[rows.clone()].iter().map(|row| row.packed).sum();
        let mut block = Vec::with_capacity(size + 64);
        block.push(FORMAT);
        let (mut last_key, mut last_value): (&[u8], &[u8]) = (&[], &[]);
        for index in rows {
            let (key, value) = (self.key(index), self.value(index));
            let key_shared = shared(last_key, key);
            let value_shared = shared(last_value, value);
            put_number(&mut block, key_shared);
            put_number(&mut block, key.len() - key_shared);
            put_number(&mut block, value_shared);
            put_number(&mut block, value.len() - value_shared);
            block.extend_from_slice(&key[key_shared..]);
            block.extend_from_slice(&value[value_shared..]);
            (last_key, last_value) = (key, value);
        }
        block
    }
}

/// How many bytes two texts begin with in common.
pub(super) fn shared(one: &[u8], other: &[u8]) -> usize {
    let pairs = one.iter().zip(other);
    pairs.take_while(|(one, other)| one == other).count()
}

fn put_number(block: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        block.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    block.push(number as u8);
}
