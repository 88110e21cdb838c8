//! Whether a log holds everything that it once held.

use std::fmt;
use std::path::{Path, PathBuf};

use eventlog::Position;
use uuid::Uuid;

use crate::head_record::HeadRecord;

/// What the segments of a log hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Which log it is; none when there is no segment.
    pub log_id: Option<Uuid>,
    /// The position of the first event, or of the first one that will be written.
    pub first: Position,
    /// The position of the last event.
    pub head: Position,
}

impl Extent {
    /// That of a log without segments.
    pub const NOTHING: Self = Self {
        log_id: None,
        first: Position(1),
        head: Position::START,
    };
}

/// Data that was derived from a log, with the log's position at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub source: String,
    /// The last position that it was made from.
    pub position: Position,
}

impl Evidence {
    /// What is missing from a log that should hold all that this was made from.
    #[must_use]
    pub fn against(self, directory: &Path, found: Extent) -> Option<MissingHistory> {
        (self.position > found.head).then(|| MissingHistory {
            directory: directory.to_owned(),
            found,
            what: Missing::Behind { evidence: self },
        })
    }
}

/// The wanted part of a log; losses elsewhere do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub from: Position,
    pub until: Position,
}

impl Wanted {
    /// All of it.
    pub const ALL: Self = Self {
        from: Position::START,
        until: Position::END,
    };
}

/// History that is missing from a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingHistory {
    pub directory: PathBuf,
    /// What the segments hold.
    pub found: Extent,
    pub what: Missing,
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Events before the first segment that is there.
    Beginning {
        /// Where the log should begin.
        expected: Position,
    },
    /// Events after the last one that is there.
    End {
        /// How far the log reached according to its record.
        recorded: Position,
    },
    /// Events after the last one that is there, as something shows that was made from them.
    Behind { evidence: Evidence },
    /// The whole log that the record speaks of: another one is in its place.
    Replaced {
        /// The log that should be here.
        recorded: Uuid,
        /// How far it reached.
        head: Position,
    },
}

impl MissingHistory {
    /// The first position that is missing.
    #[must_use]
    pub fn position(&self) -> Position {
        match self.what {
            Missing::Beginning { expected } => expected,
            Missing::End { .. } | Missing::Behind { .. } => Position(self.found.head.0 + 1),
            Missing::Replaced { .. } => Position(1),
        }
    }

    /// What is missing, without what to do.
    #[must_use]
    pub fn reason(&self) -> String {
        let Extent { first, head, .. } = self.found;
        match &self.what {
            Missing::Beginning { expected } => format!(
                "positions {expected} to {} are missing: the first segment begins with position {first}",
                first.0 - 1
            ),
            Missing::End { recorded } => format!(
                "positions {} to {recorded} are missing: the segments end with position {head}, and the log \
                 is recorded to have reached {recorded}",
                head.0 + 1
            ),
            Missing::Behind {
                evidence: Evidence { source, position },
            } => format!(
                "positions {} to {position} are missing: the segments end with position {head}, and {source} \
                 has seen position {position}",
                head.0 + 1
            ),
            Missing::Replaced { recorded, head } => format!(
                "this is another log than the one that is recorded here ({recorded}, up to position {head})"
            ),
        }
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> String {
        let Extent { first, head, .. } = self.found;
        format!(
            "nothing was changed: restore the missing segments from a backup, or accept the loss with \
             `tallyman replay accept --first {first} --head {head}`"
        )
    }
}

impl fmt::Display for MissingHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "history is missing from the log in {}: {}; {}",
            self.directory.display(),
            self.reason(),
            self.advice()
        )
    }
}

impl std::error::Error for MissingHistory {}

/// Compares what a log holds with what it is recorded to have held.
#[must_use]
pub fn missing(
    directory: &Path,
    found: Extent,
    record: Option<&HeadRecord>,
    wanted: Wanted,
) -> Option<MissingHistory> {
    let missing = |what| {
        let directory = directory.to_owned();
        Some(MissingHistory {
            directory,
            found,
            what,
        })
    };
    // A record of an empty log is no evidence of anything.
    let record = record.filter(|record| record.head >= record.first);
    if let (Some(record), Some(log_id)) = (record, found.log_id)
        && record.log_id != log_id
    {
        let (recorded, head) = (record.log_id, record.head);
        return missing(Missing::Replaced { recorded, head });
    }
    let expected = record.map_or(Position(1), |record| record.first);
    if found.log_id.is_some() && found.first > expected.max(wanted.from) {
        return missing(Missing::Beginning { expected });
    }
    match record.map(|record| record.head) {
        Some(recorded) if found.head < recorded.min(wanted.until) => {
            missing(Missing::End { recorded })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let found = |first, head| Extent {
            log_id: Some(Uuid::from_u128(7)),
            first: Position(first),
            head: Position(head),
        };
        let nothing = Extent {
            log_id: None,
            first: Position(1),
            head: Position(0),
        };
        let record = |id, first, head| {
            Some(HeadRecord {
                log_id: Uuid::from_u128(id),
                first: Position(first),
                head: Position(head),
            })
        };
        let part = |from, until| Wanted {
            from: Position(from),
            until: Position(until),
        };
        for (found, record, wanted, expected) in [
            // First starts, records of nothing, records that are behind.
            (nothing, None, Wanted::ALL, None),
            (nothing, record(7, 1, 0), Wanted::ALL, None),
            (found(1, 9), None, Wanted::ALL, None),
            (found(1, 9), record(8, 1, 0), Wanted::ALL, None),
            (found(1, 9), record(7, 1, 8), Wanted::ALL, None),
            (found(1, 9), record(7, 1, 9), Wanted::ALL, None),
            // The end.
            (
                nothing,
                record(7, 1, 1),
                Wanted::ALL,
                Some((1, "positions 1 to 1")),
            ),
            (
                found(1, 9),
                record(7, 1, 10),
                Wanted::ALL,
                Some((10, "positions 10 to 10")),
            ),
            (found(1, 9), record(7, 1, 10), part(0, 9), None),
            (
                found(1, 9),
                record(7, 1, 12),
                part(0, 11),
                Some((10, "positions 10 to 12")),
            ),
            // The beginning.
            (
                found(5, 9),
                None,
                Wanted::ALL,
                Some((1, "positions 1 to 4")),
            ),
            (
                found(5, 9),
                record(7, 1, 9),
                Wanted::ALL,
                Some((1, "positions 1 to 4")),
            ),
            (
                found(5, 9),
                record(7, 3, 9),
                Wanted::ALL,
                Some((3, "positions 3 to 4")),
            ),
            (found(5, 9), record(7, 5, 9), Wanted::ALL, None),
            (found(3, 9), record(7, 5, 9), Wanted::ALL, None),
            (found(5, 9), None, part(5, 9), None),
            (found(5, 9), None, part(4, 9), Some((1, "positions 1 to 4"))),
            // Another log.
            (
                found(1, 9),
                record(8, 1, 9),
                Wanted::ALL,
                Some((1, "another log")),
            ),
        ] {
            let missing = missing(Path::new("log"), found, record.as_ref(), wanted);
            let shown = missing.as_ref().map(ToString::to_string);
            let row = format!("{found:?} {record:?} {wanted:?}: {shown:?}");
            match expected {
                None => assert_eq!(missing, None, "{row}"),
                Some((position, reason)) => {
                    let missing = missing.expect(&row);
                    assert_eq!(missing.position(), Position(position), "{row}");
                    assert!(missing.reason().contains(reason), "{row}");
                    let accept = format!("--first {} --head {}", found.first, found.head);
                    assert!(missing.advice().contains(&accept), "{row}");
                }
            }
        }
    }
}
