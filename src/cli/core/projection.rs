//! `tallyman projection`: shows the views and rebuilds one.

use axum::http::Method;
use clap::Subcommand;
use serde_json::json;

use crate::cli::arguments::Global;
use crate::cli::client::{Client, escaped};
use crate::cli::{Failure, operation, output};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Projection {
    /// List the views: positions, lag and rates
    List,
    /// Rebuild one next to the old one, then swap
    Rebuild {
        /// The view's name
        name: String,
        /// Reason for the change; stored with the event
        #[arg(long)]
        reason: Option<String>,
        /// Return at once instead of waiting until it is done
        #[arg(long)]
        detach: bool,
    },
}

const COLUMNS: [output::Column; 7] = [
    ("NAME", "/name"),
    ("VERSION", "/version"),
    ("STATE", "/state"),
    ("POSITION", "/position"),
    ("LAG", "/lag_events"),
    ("SECONDS", "/lag_seconds"),
    ("PER SECOND", "/rate"),
];

pub(crate) fn run(flags: &Flags, global: &Global, verb: Projection) -> Result<(), Failure> {
    Client::through(flags, global, |client| request(client, global, verb))
}

fn request(client: &Client, global: &Global, verb: Projection) -> Result<(), Failure> {
    match verb {
        Projection::List => {
            let statuses = client.get("/v1/projections")?;
            let rows = statuses.as_array().cloned().unwrap_or_default();
            output::rows(global.output, &COLUMNS, &rows)
        }
        Projection::Rebuild {
            name,
            reason,
            detach,
        } => {
            let path = format!("/v1/projections/{}/rebuild", escaped(&name));
            let operation =
                client.request(Method::POST, &path, Some(&json!({"reason": reason})))?;
            if detach {
                return output::one(global.output, &operation);
            }
            let over = operation::follow(client, global, &operation)?;
            output::one(global.output, &over)
        }
    }
}
