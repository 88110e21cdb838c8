//! `tallyman replay accept`: continues without the history that is missing.

use clap::Args;
use domain::core::audit::OperationStarted;
use eventlog::Position;
use serde_json::json;
use uuid::Uuid;

use crate::app::history;
use crate::cli::arguments::Global;
use crate::cli::confirm::confirmed;
use crate::cli::directory::Directory;
use crate::cli::{Exit, Failure, output};

/// The positions that the operator expects. Both must be correct: an old message may be outdated.
#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// First position of the log
    #[arg(long, value_name = "POSITION")]
    first: u64,
    /// Last position of the log; 0 when there is no log
    #[arg(long, value_name = "POSITION")]
    head: u64,
    /// Why; kept with the event
    #[arg(long)]
    reason: Option<String>,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
    /// Check everything, write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(directory: &Directory, global: &Global, accept: &Accept) -> Result<(), Failure> {
    let data = &directory.config.data;
    if !data.dir.is_dir() {
        let text = format!("data directory {} not found", data.dir.display());
        return Err(Failure::message(Exit::NotFound, text));
    }
    // Held to the end, so that no server begins meanwhile.
    let log = history::found(data)?;
    let found = log.extent;
    if (found.first, found.head) != (Position(accept.first), Position(accept.head)) {
        let text = format!(
            "the log in {} has other positions: expected --first {} --head {}",
            data.log_dir().display(),
            found.first,
            found.head
        );
        return Err(Failure::message(Exit::Conflict, text));
    }
    let question = format!(
        "continue with positions {} to {} only, and give later positions to new events?",
        found.first, found.head
    );
    if !accept.dry_run && !accept.yes && !confirmed(&question)? {
        return Ok(());
    }
    let dropped = match accept.dry_run {
        true => Vec::new(),
        false => log.accept(data)?,
    };
    log.close();
    if !accept.dry_run {
        let started = OperationStarted {
            operation: Uuid::now_v7().to_string(),
            kind: "replay accept".to_owned(),
            subject: match found.head {
                Position::START => "an empty log".to_owned(),
                head => format!("positions {} to {head}", found.first),
            },
            at: jiff::Timestamp::now(),
        };
        let metadata = Directory::metadata("cli", accept.reason.clone());
        directory.note(started, &metadata)?;
    }
    let report = json!({
        "first": found.first,
        "head": found.head,
        "views_dropped": dropped,
        "dry_run": accept.dry_run,
    });
    output::one(global.output, &report)
}
