//! `tallyman build`: how builds stand, and once more for those whose usage is not known.

use axum::http::Method;
use serde_json::json;

use super::arguments::{Build, Format, Global};
use super::door::{Door, escaped, query};
use super::{Failure, output};
use crate::config::Flags;

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
    let door = Door::find(flags, global)?;
    let result = ask(&door, global, verb);
    door.close();
    result
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
            let format = if global.output == Format::Table {
                Format::Yaml
            } else {
                global.output
            };
            output::one(format, &build)
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
