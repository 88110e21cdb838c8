//! Takes the history out of a Gantry database: machines, and what builds used.
//!
//! Async: a blocking thread reads rows while the ones before are appended here. The database is
//! opened read only. Running it again appends nothing: a machine that is described already is left
//! as it is, and a build whose collection has ended keeps its outcome.

mod cell;
mod database;
mod row;
mod take;

use std::collections::VecDeque;
use std::path::PathBuf;

use domain::Metadata;
use domain::builds::build::BuildKey;
use eventlog::{EventLog, Position};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::{Progress, ToolError, ToolRun, Unit, Watch};
use database::{Contents, Rows};
use row::{Flaw, Row};
use take::Taking;

/// How many rows are appended at once.
const ROWS_MAX: usize = 512;

/// How many portions may wait to be appended.
const PORTIONS_MAX: usize = 2;

/// How many refused rows a report names, and how many that are left out; all of them are counted.
const REFUSED_MAX: usize = 1000;

/// What to take, and how.
#[derive(Clone, Debug)]
pub struct Options {
    pub database: PathBuf,
    /// The source that numbered the builds; usually [`BuildKey::DEFAULT_SOURCE`].
    pub source: String,
    /// Whether the first bad row ends it. Otherwise bad rows are left out and reported.
    pub strict: bool,
    /// Whether everything is checked and nothing is written.
    pub dry_run: bool,
    /// When this happens: machines that no build ran on are described as of now.
    pub at: Timestamp,
    /// Who imports, and why.
    pub metadata: Metadata,
}

/// What was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows of the table `nodes`.
    pub nodes: Counts,
    /// Rows of the table `jobs`.
    pub jobs: Counts,
    /// The refused rows, at most a thousand of them.
    pub refused: Vec<Refused>,
    /// Rows that are in order and of which nothing is learnt, at most a thousand of them.
    pub left_out: Vec<Refused>,
    /// Position of the last event; `None` when nothing was appended.
    pub last: Option<Position>,
    /// Whether nothing was written on purpose.
    pub dry_run: bool,
}

/// What became of the rows of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Became an event, or would have.
    pub imported: u64,
    pub already: u64,
    pub refused: u64,
    /// Is in order, and nothing is learnt of it.
    pub left_out: u64,
}

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    pub table: &'static str,
    /// Its number there.
    pub row: i64,
    pub column: &'static str,
    pub reason: String,
}

/// Takes every row of both tables.
///
/// # Errors
/// [`ToolError::Source`] when the file is no such database, [`ToolError::Row`] for a bad row when
/// that is to end it, and the errors of the log. Rows before the error have been appended.
pub fn run<'a>(
    log: &'a dyn EventLog,
    options: Options,
    watch: &'a Watch<'a>,
) -> ToolRun<'a, Report> {
    Box::pin(async move {
        BuildKey::new(&options.source, 0).map_err(|error| ToolError::Usage(error.to_string()))?;
        let (sender, portions) = mpsc::channel(PORTIONS_MAX);
        let reading = Reading {
            database: options.database.clone(),
            at: options.at,
            source: options.source.clone(),
        };
        let reader = tokio::task::spawn_blocking(move || reading.run(&sender));
        let strict = options.strict;
        let mut taking = Taking::new(log, options);
        let taken = take_all(&mut taking, portions, strict, watch).await;
        // A reader's failure is reported after what it had read before was appended.
        let read = reader.await.expect("the reader does not panic");
        taken?;
        read?;
        Ok(taking.report())
    })
}

async fn take_all(
    taking: &mut Taking<'_>,
    mut portions: mpsc::Receiver<Portion>,
    strict: bool,
    watch: &Watch<'_>,
) -> Result<(), ToolError> {
    let mut done = 0;
    while let Some(Portion { rows, total }) = portions.recv().await {
        done += rows.len() as u64;
        let mut good = Vec::new();
        let mut rows = VecDeque::from(rows);
        while let Some(row) = rows.pop_front() {
            match row {
                Ok(row) => good.push(row),
                Err(flaw) if strict => {
                    taking.take(good).await?;
                    return Err(flaw.into());
                }
                Err(flaw) => taking.refuse(flaw),
            }
        }
        taking.take(good).await?;
        watch(Progress {
            done,
            total: Some(total),
            unit: Unit::Rows,
        });
    }
    Ok(())
}

/// Some rows, and how many there are in all.
struct Portion {
    rows: Vec<Result<Row, Flaw>>,
    total: u64,
}

/// Reads the database on a blocking thread.
struct Reading {
    database: PathBuf,
    at: Timestamp,
    source: String,
}

impl Reading {
    fn run(self, sender: &mpsc::Sender<Portion>) -> Result<(), ToolError> {
        let contents = Contents::open(&self.database)?;
        let total = contents.rows()?;
        let mut rows = Vec::with_capacity(ROWS_MAX);
        let mut listening = true;
        contents.each(
            &Rows {
                at: self.at,
                source: &self.source,
            },
            |row| {
                rows.push(row);
                if rows.len() == ROWS_MAX {
                    let rows = std::mem::replace(&mut rows, Vec::with_capacity(ROWS_MAX));
                    listening = sender.blocking_send(Portion { rows, total }).is_ok();
                }
                listening
            },
        )?;
        // If the receiver was dropped, its error gives the reason.
        let _ = sender.blocking_send(Portion { rows, total });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
