//! `tallyman build`: how builds stand, and once more for those whose usage is not known.

use axum::http::Method;
use clap::Subcommand;
use serde_json::json;

use super::arguments::Global;
use super::door::{Door, escaped, query};
use super::{Failure, output};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(super) enum Build {
    /// Print builds, the newest first
    List {
        /// Only those that stand so (`success`, `failed`, …)
        #[arg(long)]
        status: Option<String>,
        /// Only those of this git ref
        #[arg(long = "ref")]
        git_ref: Option<String>,
        /// Only those of this package
        #[arg(long)]
        package: Option<String>,
        /// Only those whose collection stands so (`queued`, `recorded`, `abandoned`, …)
        #[arg(long)]
        collection: Option<String>,
        /// How many at the most
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Print one build
    Get {
        /// `source:number`, or a bare number of the default source
        build: String,
        /// As of this position or time (RFC 3339) [default: now]
        #[arg(long, value_name = "POSITION|TIME")]
        as_of: Option<String>,
    },
    /// Print everything that happened to one build
    History {
        /// `source:number`, or a bare number of the default source
        build: String,
    },
    /// Ask once more what builds used
    Collect {
        /// `source:number`, or bare numbers of the default source
        #[arg(required = true)]
        builds: Vec<String>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
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

/// How many events of one build are shown.
const HISTORY_MAX: usize = 10_000;

pub(super) fn run(flags: &Flags, global: &Global, verb: Build) -> Result<(), Failure> {
    Door::through(flags, global, |door| ask(door, global, verb))
}

fn ask(door: &Door, global: &Global, verb: Build) -> Result<(), Failure> {
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
                &door.list("/v1/builds", &pairs, limit)?,
            )
        }
        Build::Get { build, as_of } => {
            let path = format!(
                "/v1/builds/{}{}",
                escaped(&build),
                query(&[("as_of", as_of)])
            );
            let build = door.get(&path)?;
            output::detailed(global.output, &build)
        }
        Build::History { build } => {
            let path = format!("/v1/builds/{}/history", escaped(&build));
            output::rows(
                global.output,
                &HISTORY,
                &door.list(&path, &[], HISTORY_MAX)?,
            )
        }
        Build::Collect { builds, reason } => {
            let body = json!({"reason": reason});
            for build in builds {
                let path = format!("/v1/builds/{}/collect", escaped(&build));
                let requeued = door.ask(Method::POST, &path, Some(&body))?;
                output::one(global.output, &requeued)?;
            }
            Ok(())
        }
    }
}
