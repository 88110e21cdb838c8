//! A text of which one row can only be so long: an open quote would make one cell of all that
//! follows.

use std::cell::Cell;
use std::io::{Error, ErrorKind, Read, Result};
use std::rc::Rc;

/// The longest row that is read, in bytes. What the reader holds in advance counts for the row
/// before.
const ROW_BYTES_MAX: usize = 1024 * 1024;

/// A text that is handed out only as far as its budget goes.
pub(super) struct Limited<R> {
    text: R,
    left: Rc<Cell<usize>>,
}

/// How much more of a [`Limited`] text may be read.
pub(super) struct Budget(Rc<Cell<usize>>);

impl<R: Read> Limited<R> {
    pub(super) fn new(text: R) -> (Self, Budget) {
        let left = Rc::new(Cell::new(ROW_BYTES_MAX));
        let budget = Budget(Rc::clone(&left));
        (Self { text, left }, budget)
    }
}

impl Budget {
    /// Begins a row.
    pub(super) fn renew(&self) {
        self.0.set(ROW_BYTES_MAX);
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.text.read(buffer)?;
        let Some(left) = self.left.get().checked_sub(read) else {
            let reason =
                format!("a row is longer than {ROW_BYTES_MAX} bytes: is a quote not closed?");
            return Err(Error::new(ErrorKind::InvalidData, reason));
        };
        self.left.set(left);
        Ok(read)
    }
}
