//! `tallyman config`: the values in effect and their origins.

use clap::Args;
use serde_json::{Value, json};

use super::arguments::Global;
use super::{Failure, output};
use crate::config::{EXAMPLE, Flags, load};

#[derive(Debug, Args)]
pub(super) struct Config {
    /// Print a documented configuration file with all defaults instead
    #[arg(long)]
    example: bool,
}

const COLUMNS: [output::Column; 3] = [("KEY", "/key"), ("VALUE", "/value"), ("FROM", "/from")];

pub(super) fn run(flags: &Flags, global: &Global, options: &Config) -> Result<(), Failure> {
    if options.example {
        print!("{EXAMPLE}");
        return Ok(());
    }
    let loaded = load(flags, &std::env::vars().collect())?;
    let rows: Vec<Value> = loaded
        .origins
        .iter()
        .map(|(key, (value, from))| json!({"key": key, "value": value, "from": from}))
        .collect();
    output::rows(global.output, &COLUMNS, &rows)
}
