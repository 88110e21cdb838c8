//! `tallyman projection`: how far the views are.

use axum::http::Method;

use super::arguments::{Global, Projection};
use super::door::{Door, escaped};
use super::{Failure, operation, output};
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
            let over = operation::follow(door, global, &operation)?;
            output::one(global.output, &over)
        }
    }
}
