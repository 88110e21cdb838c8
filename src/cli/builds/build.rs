//! `tallyman build`: shows builds, and requeues the collection of their usage.

use axum::http::Method;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::arguments::Global;
use crate::cli::client::{Client, escaped, query};
use crate::cli::{Exit, Failure, output};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Build {
    /// List builds, newest first
    List {
        /// Only builds with this status (`success`, `failed`, …)
        #[arg(long)]
        status: Option<String>,
        /// Only builds of this git ref
        #[arg(long = "ref")]
        git_ref: Option<String>,
        /// Only builds of this package
        #[arg(long)]
        package: Option<String>,
        /// Only builds whose collection is in this state (`queued`, `recorded`, `abandoned`, …)
        #[arg(long)]
        collection: Option<String>,
        /// Maximum number of rows
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a build
    Get {
        /// `source:number`, or a bare number of the default source
        build: String,
        /// As of this position or time (RFC 3339) [default: now]
        #[arg(long, value_name = "POSITION|TIME")]
        as_of: Option<String>,
    },
    /// List the events of a build
    History {
        /// `source:number`, or a bare number of the default source
        build: String,
    },
    /// Requeue the collection of builds' usage
    Collect {
        /// `source:number`, or bare numbers of the default source
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        builds: Vec<String>,
        /// All builds whose collection ended in --state or for --reason
        #[arg(long)]
        all: bool,
        /// With --all: only this state (`skipped`, `failed`, `abandoned`, `out_of_memory`)
        #[arg(long, requires = "all", value_parser = ["skipped", "failed", "abandoned", "out_of_memory"])]
        state: Option<String>,
        /// Reason for the change; with --all: only collections that were skipped or failed for this
        /// reason (`not_configured`, `pod_missing`, …)
        #[arg(long)]
        reason: Option<String>,
        /// With --all: only collections queued at or after this time (RFC 3339)
        #[arg(long, requires = "all", value_name = "TIME")]
        since: Option<String>,
        /// With --all: only collections queued before this time (RFC 3339)
        #[arg(long, requires = "all", value_name = "TIME")]
        until: Option<String>,
        /// With --all: print how many match, and change nothing
        #[arg(long, requires = "all")]
        dry_run: bool,
    },
}

const COLUMNS: [output::Column; 7] = [
    ("BUILD", "/build"),
    ("STATUS", "/status"),
    ("REF", "/ref"),
    ("PACKAGE", "/usage/package"),
    ("COLLECTION", "/collection/state"),
    ("REASON", "/collection/reason"),
    ("FINISHED", "/finished_at"),
];

const HISTORY: [output::Column; 5] = [
    ("POSITION", "/position"),
    ("RECORDED", "/recorded_at"),
    ("TYPE", "/type"),
    ("ACTOR", "/metadata/actor/id"),
    ("ERROR", "/data/error"),
];

/// The most events of one build that are shown.
const HISTORY_MAX: usize = 10_000;

/// The most builds that one command requeues.
const REQUEUED_MAX: usize = 100_000;

pub(crate) fn run(flags: &Flags, global: &Global, verb: Build) -> Result<(), Failure> {
    Client::through(flags, global, |client| request(client, global, verb))
}

fn request(client: &Client, global: &Global, verb: Build) -> Result<(), Failure> {
    match verb {
        Build::List {
            status,
            git_ref,
            package,
            collection,
            limit,
        } => {
            let pairs = [
                ("status", status),
                ("ref", git_ref),
                ("package", package),
                ("collection", collection),
            ];
            output::rows(
                global.output,
                &COLUMNS,
                &client.list("/v1/builds", &pairs, limit)?,
            )
        }
        Build::Get { build, as_of } => {
            let path = format!(
                "/v1/builds/{}{}",
                escaped(&build),
                query(&[("as_of", as_of)])
            );
            let build = client.get(&path)?;
            output::detailed(global.output, &build)
        }
        Build::History { build } => {
            let path = format!("/v1/builds/{}/history", escaped(&build));
            output::rows(
                global.output,
                &HISTORY,
                &client.list(&path, &[], HISTORY_MAX)?,
            )
        }
        Build::Collect {
            all: true,
            state,
            reason,
            since,
            until,
            dry_run,
            ..
        } => {
            let pairs = [
                ("state", state),
                ("reason", reason),
                ("since", since),
                ("until", until),
            ];
            collect_all(client, global, &pairs, dry_run)
        }
        Build::Collect { builds, reason, .. } => {
            for build in builds {
                output::one(global.output, &collect(client, &build, reason.as_deref())?)?;
            }
            Ok(())
        }
    }
}

fn collect(client: &Client, build: &str, reason: Option<&str>) -> Result<Value, Failure> {
    let path = format!("/v1/builds/{}/collect", escaped(build));
    client.request(Method::POST, &path, Some(&json!({ "reason": reason })))
}

/// Starts another collection for every build of a list. Builds with usage by now are left as they are.
fn collect_all(
    client: &Client,
    global: &Global,
    pairs: &[(&str, Option<String>)],
    dry_run: bool,
) -> Result<(), Failure> {
    let named = |name| pairs.iter().find(|(known, _)| *known == name);
    let value = |name| named(name).and_then(|(_, value)| value.as_deref());
    if value("state").is_none() && value("reason").is_none() {
        let text =
            "--all needs --reason (such as `not_configured`) or --state (such as `abandoned`)";
        return Err(Failure::message(Exit::Usage, text));
    }
    let found = client.list("/v1/collections", pairs, REQUEUED_MAX)?;
    let given = pairs.iter().filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some(format!("{name} {value}"))
    });
    let why = format!("all with {}", given.collect::<Vec<_>>().join(", "));
    let (mut requeued, mut left) = (0, 0);
    for row in found.iter().filter(|_| !dry_run) {
        let build = row["build"].as_str().unwrap_or_default();
        match collect(client, build, Some(&why)) {
            Ok(answer) if answer["requeued"] == true => requeued += 1,
            Ok(_) => left += 1,
            Err(failure) if failure.exit() == Exit::Conflict => left += 1,
            Err(failure) => return Err(failure),
        }
    }
    let report = json!({"found": found.len(), "requeued": requeued, "left_as_they_are": left, "dry_run": dry_run});
    output::one(global.output, &report)?;
    if found.len() >= REQUEUED_MAX {
        eprintln!("requeued the first {REQUEUED_MAX}: repeat the command for the rest");
    }
    Ok(())
}
