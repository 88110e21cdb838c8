//! `tallyman apply`: creates and changes groups, workers, jobs, … as a document describes them.

use std::io::Write;
use std::path::PathBuf;

use axum::http::Method;
use clap::Args;
use provisioning::PLURALS;
use serde_json::Value;

use super::document::{self, Files};
use crate::cli::arguments::{Format, Global};
use crate::cli::client::{Client, query};
use crate::cli::{Failure, escape, output};
use crate::config::Flags;

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Document, YAML or JSON (- for standard input)
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Also read secret files outside the document's folder
    #[arg(long)]
    allow_files: bool,
    /// Reason for the change; stored with the events
    #[arg(long)]
    reason: Option<String>,
}

/// The longest value that a table shows of a change, in characters.
const SHOWN_CHARS_MAX: usize = 60;

pub(crate) fn run(flags: &Flags, global: &Global, options: &Apply) -> Result<(), Failure> {
    let files = match options.allow_files {
        true => Files::Anywhere,
        false => Files::InFolder,
    };
    let document = document::read(&options.file, files)?;
    let pairs = [
        ("dry_run", options.dry_run.then(|| "true".to_owned())),
        ("reason", options.reason.clone()),
    ];
    let path = format!("/v1/apply{}", query(&pairs));
    let request = |client: &Client| client.request(Method::POST, &path, Some(&document));
    // A dry run creates no data directory.
    let applied = if options.dry_run {
        Client::through(flags, global, request)
    } else {
        Client::through_or_make(flags, global, request)
    };
    print(global.output, &applied?)
}

fn print(format: Format, applied: &Value) -> Result<(), Failure> {
    for note in applied["notes"].as_array().into_iter().flatten() {
        let note = note.as_str().unwrap_or_default();
        eprintln!("note: {}", escape::one_line(note));
    }
    if format != Format::Table {
        return output::one(format, &applied["objects"]);
    }
    let dry_run = applied["dry_run"] == true;
    let mut out = std::io::stdout().lock();
    for plural in PLURALS.iter().copied() {
        let things = &applied["objects"][plural];
        for (name, thing) in things.as_object().into_iter().flatten() {
            writeln!(
                out,
                "{}",
                line(plural, &escape::one_line(name), thing, dry_run)
            )?;
            for change in thing["changes"].as_array().into_iter().flatten() {
                writeln!(out, "    {}", escape::one_line(&difference(change)))?;
            }
            for key in ["api_key", "secret"] {
                let made = thing[key].as_str().filter(|_| thing["secret"].is_string());
                if let Some(made) = made {
                    writeln!(out, "    {key} (shown only now): {made}")?;
                }
            }
        }
    }
    if applied["changed"] != true {
        writeln!(out, "nothing to change")?;
    } else if dry_run {
        writeln!(out, "dry run: nothing was changed")?;
    }
    Ok(())
}

fn line(plural: &str, name: &str, thing: &Value, dry_run: bool) -> String {
    let (sign, word) = match thing["action"].as_str() {
        Some("created") => (
            "+",
            if dry_run {
                "would be created"
            } else {
                "created"
            },
        ),
        Some("changed") => (
            "~",
            if dry_run {
                "would be changed"
            } else {
                "changed"
            },
        ),
        _ => ("=", "unchanged"),
    };
    let number = thing["id"].as_u64();
    let number = number.map_or(String::new(), |number| format!(" (number {number})"));
    format!("{sign} {plural}: {name}{number} {word}")
}

fn difference(change: &Value) -> String {
    let field = change["field"].as_str().unwrap_or_default();
    match (shown(&change["before"]), shown(&change["after"])) {
        (None, None) => format!("{field}: (not shown)"),
        (None, Some(after)) => format!("{field}: {after}"),
        (Some(before), None) => format!("{field}: {before} -> (nothing)"),
        (Some(before), Some(after)) => format!("{field}: {before} -> {after}"),
    }
}

/// A value on one line; none for null.
fn shown(value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let text = value.to_string();
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return Some(text);
    }
    let short: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    Some(format!("{short}…"))
}
