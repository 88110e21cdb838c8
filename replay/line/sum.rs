//! The counts and digest in the end line of an export, and their check.

use super::End;

/// After so many lines the end has another checkpoint, so that a changed byte is known to that many
/// lines.
pub(crate) const CHECKPOINT_LINES: u64 = 10_000;

/// How many digits a checkpoint has: enough against chance, and the digest of everything is there
/// as well.
const CHECKPOINT_DIGITS: usize = 16;

/// Sums up lines one after the other.
#[derive(Clone, Default)]
pub(crate) struct Sum {
    digest: blake3::Hasher,
    lines: u64,
    events: u64,
    blobs: u64,
    checkpoints: Vec<String>,
}

/// What is wrong with an export as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// How many of its first lines are as they were written.
    pub good: u64,
    pub reason: String,
}

impl Sum {
    /// Adds a line of an event, without its line break.
    pub(crate) fn event(&mut self, line: &[u8]) {
        self.events += 1;
        self.add(line);
    }

    /// Adds a line of a blob, without its line break.
    pub(crate) fn blob(&mut self, line: &[u8]) {
        self.blobs += 1;
        self.add(line);
    }

    fn add(&mut self, line: &[u8]) {
        self.digest.update(line).update(b"\n");
        self.lines += 1;
        if self.lines.is_multiple_of(CHECKPOINT_LINES) {
            let mut digits = self.digest.finalize().to_hex().to_string();
            digits.truncate(CHECKPOINT_DIGITS);
            self.checkpoints.push(digits);
        }
    }

    /// The end of an export with these lines.
    pub(crate) fn end(&self) -> End {
        End {
            events: self.events,
            blobs: self.blobs,
            digest: Some(self.digest.finalize().to_hex().to_string()),
            checkpoints: self.checkpoints.clone(),
        }
    }

    /// Compares these lines with the end line.
    pub(crate) fn check(&self, end: Option<&End>) -> Result<(), Complaint> {
        let complain = |good, reason| Err(Complaint { good, reason });
        let Some(end) = end else {
            return complain(
                self.lines,
                "it has no end line, so it was cut off".to_owned(),
            );
        };
        if (end.events, end.blobs) != (self.events, self.blobs) {
            let Self { events, blobs, .. } = self;
            let reason = format!(
                "it should hold {} events and {} blobs, and holds {events} and {blobs}",
                end.events, end.blobs
            );
            return complain(self.good(end), reason);
        }
        match &end.digest {
            None => complain(
                0,
                "its end line has no digest, as those of older versions, so a changed byte would not be noticed"
                    .to_owned(),
            ),
            Some(digest) if *digest != self.digest.finalize().to_hex().as_str() => complain(
                self.good(end),
                "a line was changed: the digest of its end line is another one".to_owned(),
            ),
            Some(_) => Ok(()),
        }
    }

    /// How many lines are right by the checkpoints.
    fn good(&self, end: &End) -> u64 {
        let pairs = self.checkpoints.iter().zip(&end.checkpoints);
        let right = pairs.take_while(|(one, other)| one == other).count();
        right as u64 * CHECKPOINT_LINES
    }
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reason = &self.reason;
        match self.good {
            0 => write!(f, "{reason}; no line is known to be right"),
            good => write!(f, "{reason}; lines 1 to {good} are right"),
        }
    }
}
