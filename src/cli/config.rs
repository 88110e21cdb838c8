//! `tallyman config`: what holds, and where it came from.

use serde_json::{Value, json};

use super::arguments::{Config, Global};
use super::{Exit, Failure, output};
use crate::config::{EXAMPLE, Flags, load};

const COLUMNS: [output::Column; 3] = [("KEY", "/key"), ("VALUE", "/value"), ("FROM", "/from")];

pub(super) fn run(flags: &Flags, global: &Global, options: &Config) -> Result<(), Failure> {
    if options.example {
        print!("{EXAMPLE}");
        return Ok(());
    }
    let loaded = load(flags, &std::env::vars().collect())
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    let rows: Vec<Value> = loaded
        .origins
        .iter()
        .map(|(key, (value, from))| json!({"key": key, "value": value, "from": from}))
        .collect();
    output::rows(global.output, &COLUMNS, &rows)
}
