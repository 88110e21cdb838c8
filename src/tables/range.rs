//! Which rows a scan is about.

use std::borrow::Cow;
use std::ops::Bound;

/// Where a stretch of keys begins and ends.
pub type Bounds<'k> = (Bound<&'k [u8]>, Bound<&'k [u8]>);

/// A stretch of keys, a direction and a limit.
///
/// A range starts without a limit; anything that answers a request sets one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range<'a> {
    /// Where the stretch begins, whichever way it is read.
    pub from: Bound<Cow<'a, [u8]>>,
    /// Where it ends.
    pub to: Bound<Cow<'a, [u8]>>,
    /// Whether the greatest key comes first.
    pub reverse: bool,
    /// How many rows to return at most.
    pub limit: usize,
}

impl<'a> Range<'a> {
    /// Every row.
    pub fn all() -> Self {
        Self::between(Bound::Unbounded, Bound::Unbounded)
    }

    /// The rows between two bounds.
    pub fn between(from: Bound<&'a [u8]>, to: Bound<&'a [u8]>) -> Self {
        let (from, to) = (from.map(Cow::Borrowed), to.map(Cow::Borrowed));
        Self {
            from,
            to,
            reverse: false,
            limit: usize::MAX,
        }
    }

    /// The rows whose key begins with `prefix`.
    pub fn prefix<P: AsRef<[u8]> + ?Sized>(prefix: &'a P) -> Self {
        let prefix = prefix.as_ref();
        let to = match successor(prefix) {
            Some(end) => Bound::Excluded(Cow::Owned(end)),
            None => Bound::Unbounded,
        };
        let from = Bound::Included(Cow::Borrowed(prefix));
        Self {
            from,
            to,
            reverse: false,
            limit: usize::MAX,
        }
    }

    /// The same rows, greatest key first. Comes before [`Range::after`].
    #[must_use]
    pub fn reverse(mut self) -> Self {
        self.reverse = true;
        self
    }

    /// At most this many rows.
    #[must_use]
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = rows;
        self
    }

    /// Only the rows that come after `key` in the direction of this range: the next page.
    ///
    /// A key outside the range narrows nothing or everything, and never widens.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        if self.reverse {
            let narrows = match &self.to {
                Bound::Unbounded => true,
                Bound::Included(end) => key <= end.as_ref(),
                Bound::Excluded(end) => key < end.as_ref(),
            };
            if narrows {
                self.to = Bound::Excluded(Cow::Owned(key.to_vec()));
            }
        } else {
            let narrows = match &self.from {
                Bound::Unbounded => true,
                Bound::Included(start) | Bound::Excluded(start) => key >= start.as_ref(),
            };
            if narrows {
                self.from = Bound::Excluded(Cow::Owned(key.to_vec()));
            }
        }
        self
    }

    /// The bounds by reference, or `None` when no key can lie between them.
    ///
    /// Ordered maps panic on bounds the wrong way round, and bounds come from clients' cursors.
    pub fn bounds(&self) -> Option<Bounds<'_>> {
        use Bound::{Excluded, Included};
        let from = self.from.as_ref().map(AsRef::as_ref);
        let to = self.to.as_ref().map(AsRef::as_ref);
        let possible = match (from, to) {
            (Included(from), Included(to)) => from <= to,
            (Included(from) | Excluded(from), Excluded(to)) => from < to,
            (Excluded(from), Included(to)) => from < to,
            _ => true,
        };
        (possible && self.limit > 0).then_some((from, to))
    }
}

/// The least key that is greater than every key beginning with `prefix`; none for `ff ff …`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|&byte| byte != u8::MAX)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}
