//! `tallyman run`: shows runs of jobs and their logs, and ends or kills them.

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::arguments::{Format, Global};
use crate::cli::client::{Client, query};
use crate::cli::confirm::confirmed;
use crate::cli::{Exit, Failure, output};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Run {
    /// List runs: last returned first, then last started, then last claimed, then first due
    List {
        /// Only runs in this state (`scheduled`, `suspended`, `in_queue`, `started`, `completed`,
        /// `last_completed`)
        #[arg(long)]
        state: Option<String>,
        /// Only runs of the job with this number
        #[arg(long)]
        job: Option<u64>,
        /// Only runs of the project with this number
        #[arg(long)]
        project: Option<u64>,
        /// Only runs assigned to the worker with this number
        #[arg(long)]
        worker: Option<u64>,
        /// Only runs of jobs whose title contains this
        #[arg(long)]
        title: Option<String>,
        /// Only failed runs
        #[arg(long)]
        failed: bool,
        /// Maximum number of rows
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a run
    Get {
        /// Its number
        run: u64,
        /// As of this position or time (RFC 3339) [default: now]
        #[arg(long, value_name = "POSITION|TIME")]
        as_of: Option<String>,
    },
    /// List the events of a run
    History {
        /// Its number
        run: u64,
    },
    /// Print the log of a run
    Log {
        /// Its number
        run: u64,
    },
    /// End runs by hand: they count as failed, and their jobs continue. Nothing is killed
    End(Runs),
    /// Request that workers kill runs
    Kill(Runs),
}

/// The runs, and the reason.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// Their numbers
    #[arg(required = true)]
    runs: Vec<u64>,
    /// Reason for the change; stored with the events
    #[arg(long)]
    reason: Option<String>,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

const COLUMNS: [output::Column; 9] = [
    ("RUN", "/run"),
    ("STATE", "/state"),
    ("SUCCESS", "/success"),
    ("JOB", "/job_title"),
    ("WORKER", "/worker_title"),
    ("DUE", "/schedule_at"),
    ("STARTED", "/started_at"),
    ("RETURNED", "/returned_at"),
    ("GIVEN UP", "/given_up"),
];

const HISTORY: [output::Column; 5] = [
    ("POSITION", "/position"),
    ("RECORDED", "/recorded_at"),
    ("TYPE", "/type"),
    ("ACTOR", "/who"),
    ("REASON", "/metadata/reason"),
];

/// The most events of one run that are shown.
const HISTORY_MAX: usize = 10_000;

pub(crate) fn run(flags: &Flags, global: &Global, verb: Run) -> Result<(), Failure> {
    Client::through(flags, global, |client| request(client, global, verb))
}

fn request(client: &Client, global: &Global, verb: Run) -> Result<(), Failure> {
    match verb {
        Run::List {
            state,
            job,
            project,
            worker,
            title,
            failed,
            limit,
        } => {
            let number = |number: Option<u64>| number.map(|number| number.to_string());
            let requested = state.clone();
            let pairs = [
                ("state", state),
                ("job", number(job)),
                ("project", number(project)),
                ("worker", number(worker)),
                ("title", title),
                ("success", failed.then(|| "false".to_owned())),
            ];
            let mut rows = client.list("/v1/runs", &pairs, limit)?;
            if global.output == Format::Table {
                rows.iter_mut()
                    .for_each(|row| shown(row, requested.as_deref()));
            }
            output::rows(global.output, &COLUMNS, &rows)
        }
        Run::Get { run, as_of } => {
            let query = query(&[("as_of", as_of)]);
            let run = client.get(&format!("/v1/runs/{run}{query}"))?;
            output::detailed(global.output, &run)
        }
        Run::History { run } => {
            let path = format!("/v1/runs/{run}/history");
            let rows = client.list(&path, &[], HISTORY_MAX)?;
            let rows = output::with_actors(global.output, rows);
            output::rows(global.output, &HISTORY, &rows)
        }
        Run::Log { run } => {
            let log = client.get(&format!("/v1/runs/{run}/log"))?;
            if global.output != Format::Table {
                return output::one(global.output, &log);
            }
            // A file gets it as it was printed, so that it can be searched.
            output::print(log["content"].as_str().unwrap_or_default())
        }
        Run::End(runs) => each(client, global, &runs, "end"),
        Run::Kill(runs) => each(client, global, &runs, "kill"),
    }
}

/// A run as a table shows it: in the requested state, which may be more specific than the run's own,
/// and with `given_up` even if its worker later reported the end.
fn shown(row: &mut Value, requested: Option<&str>) {
    if let Some(state) = requested {
        row["state"] = Value::from(state);
    }
    if let Some(reason) = row["given_up_earlier"]
        .as_str()
        .filter(|_| row["given_up"].is_null())
    {
        let reason = format!("earlier: {reason}");
        row["given_up"] = Value::from(reason);
    }
}

fn each(client: &Client, global: &Global, runs: &Runs, verb: &str) -> Result<(), Failure> {
    let Runs { runs, reason, yes } = runs;
    let names: Vec<String> = runs.iter().map(ToString::to_string).collect();
    if !yes && !confirmed(&format!("{verb} run {}?", names.join(", ")))? {
        return Err(Failure::message(
            Exit::Failed,
            "cancelled: nothing was changed",
        ));
    }
    let body = json!({"reason": reason});
    for run in runs {
        let path = format!("/v1/runs/{run}/{verb}");
        let done = client.request(Method::POST, &path, Some(&body))?;
        output::one(global.output, &done)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_shown_in_the_state_that_was_asked_for_and_with_what_it_was_given_up_for() {
        let mut row = json!({"state": "scheduled", "given_up": null, "given_up_earlier": "silent"});
        shown(&mut row, Some("suspended"));
        let cells = (&row["state"], &row["given_up"]);
        assert_eq!(cells, (&json!("suspended"), &json!("earlier: silent")));
        let mut row =
            json!({"state": "completed", "given_up": "ended by hand", "given_up_earlier": null});
        let before = row.clone();
        shown(&mut row, None);
        assert_eq!(row, before);
    }
}
