//! `tallyman import`: imports the history of another service.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use crate::cli::arguments::Global;
use crate::cli::directory::Directory;
use crate::cli::{Exit, Failure, output, progress};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Import the SQLite database of a Gantry
    Gantry {
        /// The database
        #[arg(long, value_name = "FILE")]
        db: PathBuf,
        /// The source of its builds
        #[arg(long, default_value = "default")]
        source: String,
        /// Stop at the first row that cannot be imported
        #[arg(long)]
        strict: bool,
        /// Check everything, write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) fn run(flags: &Flags, global: &Global, what: Import) -> Result<(), Failure> {
    let Import::Gantry {
        db,
        source,
        strict,
        dry_run,
    } = what;
    let directory = Directory::of(flags)?;
    let log = match dry_run {
        true => directory.log_to_try()?,
        false => directory.log_for_writing()?,
    };
    let options = ::replay::import_gantry::Options {
        database: db,
        source,
        strict,
        dry_run,
        at: jiff::Timestamp::now(),
        metadata: Directory::metadata("import:gantry", None),
    };
    let bar = progress::bar(global, "rows", None);
    let report = directory.block_on(::replay::import_gantry::run(&*log, options, &|so_far| {
        progress::show(&bar, so_far);
    }))?;
    bar.finish_and_clear();
    // Closes it.
    drop(log);
    output::one(global.output, &json!(report))?;
    if report.refused.is_empty() {
        return Ok(());
    }
    Err(Failure::message(
        Exit::VerificationFailed,
        "some rows were refused; the others were imported",
    ))
}
