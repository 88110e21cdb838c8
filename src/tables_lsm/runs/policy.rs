//! Which runs are merged, by their sizes alone.

/// How many times as large as a run the newer ones together are when all of them are merged with
/// it. Larger means fewer merges and more runs to read: about as many for each power of one more
/// than this.
const NEWER_BYTES_FACTOR: u64 = 3;

/// Runs below this size count as if they had it: what a run costs by itself.
const RUN_BYTES_MIN: u64 = if cfg!(test) { 64 } else { 4096 };

/// Which share of a run's rows is hidden by newer ones, at a guess, when all of them are merged
/// with it: as long as they are not, a scan steps over both.
const HIDDEN_SHARE: u64 = 8;

/// How large a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) bytes: u64,
    pub(super) rows: u64,
    /// How many of the rows hide others.
    pub(super) hides: u64,
}

/// How many of the newest runs are to be made one, given their sizes, the newest first.
pub(super) fn due(sizes: impl IntoIterator<Item = Size>) -> Option<usize> {
    let (mut newer, mut due) = (Size::default(), None);
    for (index, size) in sizes.into_iter().enumerate() {
        let bytes = size.bytes.max(RUN_BYTES_MIN);
        let is_outgrown = newer.bytes >= NEWER_BYTES_FACTOR * bytes;
        let is_hidden = newer.hides > size.rows / HIDDEN_SHARE;
        if index > 0 && (is_outgrown || is_hidden) {
            due = Some(index + 1);
        }
        newer.bytes += bytes;
        newer.hides += size.hides;
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_bytes(bytes: &u64) -> Size {
        Size {
            bytes: *bytes,
            rows: bytes / 10,
            hides: 0,
        }
    }

    #[test]
    fn equal_runs_are_merged_by_four() {
        for (sizes, expected) in [
            (&[][..], None),
            (&[1000], None),
            (&[1000, 1000, 1000], None),
            (&[1000, 1000, 1000, 1000], Some(4)),
            (&[1000, 1000, 1000, 4000], None),
            (&[1000, 1000, 1000, 1000, 4000], Some(4)),
            // What is due further down takes what is due above along.
            (&[1000, 1000, 1000, 1000, 4000, 4000, 4000], Some(7)),
            // Nothing is so small that a hundred of it would cost nothing.
            (&[1, 1, 1, 1], Some(4)),
            (&[9000, 1000], Some(2)),
        ] {
            assert_eq!(due(sizes.iter().map(of_bytes)), expected, "{sizes:?}");
        }
    }

    #[test]
    fn rows_that_are_hidden_are_let_go() {
        let older = of_bytes(&100_000);
        for (hides, expected) in [(0, None), (1250, None), (1251, Some(2))] {
            let newer = Size {
                hides,
                ..of_bytes(&20_000)
            };
            assert_eq!(due([newer, older]), expected, "{hides}");
        }
    }

    /// The runs that a read goes through, and how often a byte is rewritten, both grow with the
    /// logarithm.
    #[test]
    fn a_thousand_batches_are_a_few_runs_and_a_few_rewrites() {
        let (mut sizes, mut written, mut most) = (Vec::new(), 0, 0);
        for _ in 0..1000 {
            sizes.insert(0, 1_000_000);
            written += 1_000_000;
            if let Some(count) = due(sizes.iter().map(of_bytes)) {
                let merged: u64 = sizes.drain(..count).sum();
                written += merged;
                sizes.insert(0, merged);
            }
            most = most.max(sizes.len());
        }
        assert!(most <= 15, "{most} runs at once");
        assert!(written <= 6 * 1_000_000_000, "{written} bytes for 1000 MB");
    }
}
