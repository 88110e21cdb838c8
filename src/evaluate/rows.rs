//! Reads a usage history: CSV, compressed with zstd or not, one row per finished build, in the
//! order in which it is to be replayed.
//!
//! | column | unit | |
//! |---|---|---|
//! | `pkg_name` `pkg_version` `pkg_variants` | | what was built; variants are a JSON object |
//! | `compiler_name` `compiler_version` `arch` | | with what and for what |
//! | `ref` | | git ref |
//! | `duration_s` | s | how long it ran |
//! | `cpu_mean` | cores | its average use |
//! | `mem_max` | bytes | its peak |
//! | `t_start` `t_end` | Unix s | may be missing, as everything from here on |
//! | `build_jobs` | | jobs that `make` was given |
//! | `cpu_request` `cpu_max` | cores | the request; the highest use |
//! | `mem_request` `mem_mean` | bytes | the request; the average use |
//! | `status` | | `success`, the default, or `out_of_memory` |
//! | `mem_limit` | bytes | what it was killed at, where the status is `out_of_memory`; it needs no peak then |
//!
//! An empty cell was not measured. Other columns are passed over.

mod cells;
mod limited;
#[cfg(test)]
mod tests;

use std::io::{BufRead, BufReader, Read};

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::history::{HistoryError, Refused, Sink};
use cells::{Cells, Columns};
use limited::Limited;

/// How zstd frames begin.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads a history to its end. `name` is what messages call it; a name in `.zst` is held to that.
///
/// # Errors
/// When the input is no history or ends too early, and the errors of `sink`.
pub(crate) fn read(name: &str, input: impl Read, sink: &mut Sink<'_>) -> Result<(), HistoryError> {
    let unusable = |reason: String| HistoryError::unusable(name, reason);
    let mut input = BufReader::new(input);
    let start = input
        .fill_buf()
        .map_err(|error| unusable(error.to_string()))?;
    if start.is_empty() {
        return Err(unusable("the file is empty".to_owned()));
    }
    if start.starts_with(&ZSTD_MAGIC) {
        let text =
            zstd::Decoder::with_buffer(input).map_err(|error| unusable(error.to_string()))?;
        return read_text(name, text, sink);
    }
    if name.ends_with(".zst") {
        let reason = "not compressed with zstd, although its name ends in .zst";
        return Err(unusable(reason.to_owned()));
    }
    read_text(name, input, sink)
}

fn read_text(name: &str, text: impl Read, sink: &mut Sink<'_>) -> Result<(), HistoryError> {
    let (text, budget) = Limited::new(text);
    let mut reader = ReaderBuilder::new().from_reader(text);
    let mut rows = 0_u64;
    // A failure of the text itself ends the history: what follows is unknown.
    let ended = |error: &csv::Error, rows: Option<u64>| {
        let place = rows.map_or("the header".to_owned(), |rows| format!("row {}", rows + 1));
        HistoryError::unusable(name, format!("cannot be read from {place} on: {error}"))
    };
    let header = reader.headers().map_err(|error| ended(&error, None))?;
    let columns = Columns::of(header).map_err(|reason| HistoryError::unusable(name, reason))?;
    let mut record = StringRecord::new();
    loop {
        budget.renew();
        let read = reader.read_record(&mut record);
        let place = match &read {
            Ok(_) => record.position(),
            Err(error) => error.position(),
        };
        let line = place.map_or(0, csv::Position::line);
        let row = match read {
            Ok(false) => break,
            Ok(true) => Cells::new(&columns, &record).sample(rows),
            Err(error) if error.is_io_error() => return Err(ended(&error, Some(rows))),
            Err(error) => Err(flaw(&error, &columns)),
        };
        rows += 1;
        sink(row.map_err(|flaw| Refused {
            history: name.to_owned(),
            place: format!("row {rows} (line {line})"),
            column: flaw.column,
            reason: flaw.reason,
        }))?;
    }
    if rows == 0 {
        return Err(HistoryError::unusable(name, "there are no rows"));
    }
    Ok(())
}

/// What is wrong with one row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flaw {
    pub(super) column: Option<String>,
    pub(super) reason: String,
}

/// What is wrong with a row that could not be cut into cells.
fn flaw(error: &csv::Error, columns: &Columns) -> Flaw {
    match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => Flaw {
            column: None,
            reason: format!("it has {len} cells, and the header has {expected_len}"),
        },
        ErrorKind::Utf8 { err, .. } => Flaw {
            column: columns.name(err.field()).map(str::to_owned),
            reason: "it is not UTF-8".to_owned(),
        },
        _ => Flaw {
            column: None,
            reason: error.to_string(),
        },
    }
}
