//! `tallyman projection`: how far the views are.

use std::time::Duration;

use axum::http::Method;

use super::arguments::{Global, Projection};
use super::door::{Door, escaped};
use super::{Exit, Failure, output, progress};
use crate::config::Flags;

const COLUMNS: [output::Column; 7] = [
    ("NAME", "/name"),
    ("VERSION", "/version"),
    ("STATE", "/state"),
    ("POSITION", "/position"),
    ("LAG", "/lag_events"),
    ("SECONDS", "/lag_seconds"),
    ("PER SECOND", "/rate"),
];

/// How often progress is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(super) fn run(flags: &Flags, global: &Global, verb: Projection) -> Result<(), Failure> {
    let door = Door::find(flags, global)?;
    let result = ask(&door, global, verb);
    door.close();
    result
}

fn ask(door: &Door, global: &Global, verb: Projection) -> Result<(), Failure> {
    match verb {
        Projection::List => {
            let statuses = door.get("/v1/projections")?;
            let rows = statuses.as_array().cloned().unwrap_or_default();
            output::rows(global.output, &COLUMNS, &rows)
        }
        Projection::Rebuild { name, detach } => {
            let path = format!("/v1/projections/{}/rebuild", escaped(&name));
            let operation = door.ask(Method::POST, &path, None)?;
            if detach {
                return output::one(global.output, &operation);
            }
            let id = operation["id"].as_str().unwrap_or_default().to_owned();
            let bar = progress::bar(
                global,
                "events",
                Some(operation["total"].as_u64().unwrap_or(0)),
            );
            loop {
                let operation = door.get(&format!("/v1/operations/{}", escaped(&id)))?;
                bar.set_length(operation["total"].as_u64().unwrap_or(0));
                bar.set_position(operation["done"].as_u64().unwrap_or(0));
                match operation["status"].as_str() {
                    Some("succeeded") => {
                        bar.finish_and_clear();
                        return output::one(global.output, &operation);
                    }
                    Some("failed") => {
                        let error = operation["message"]
                            .as_str()
                            .unwrap_or("it failed")
                            .to_owned();
                        return Err(Failure::told(Exit::Failed, error));
                    }
                    _ => std::thread::sleep(LOOK_EVERY),
                }
            }
        }
    }
}
