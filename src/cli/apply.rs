//! `tallyman apply`: makes the farm as a file wants it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use axum::http::Method;
use clap::Args;
use serde_json::{Map, Value};

use super::arguments::{Format, Global};
use super::door::{Door, query};
use super::{Exit, Failure, escape, output};
use crate::config::Flags;

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// YAML or JSON (standard input for -)
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Why; kept with the events
    #[arg(long)]
    reason: Option<String>,
}

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The largest file that holds one secret.
const SECRET_FILE_BYTES_MAX: u64 = 4096;

/// What a document is made of, in the order in which it is made.
const PLURALS: [&str; 7] = [
    "groups",
    "users",
    "workers",
    "worker_pools",
    "projects",
    "job_templates",
    "jobs",
];

/// The longest value that a table shows of a change, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// Where a secret may stand in a file of its own: in which list, and under which key.
const SECRETS: [(&str, &str); 2] = [("users", "password"), ("workers", "secret")];

pub(super) fn run(flags: &Flags, global: &Global, options: &Apply) -> Result<(), Failure> {
    let document = document(&options.file)?;
    let pairs = [
        ("dry_run", options.dry_run.then(|| "true".to_owned())),
        ("reason", options.reason.clone()),
    ];
    let path = format!("/v1/apply{}", query(&pairs));
    let ask = |door: &Door| door.ask(Method::POST, &path, Some(&document));
    // To say what would change nothing is made.
    let applied = if options.dry_run {
        Door::through(flags, global, ask)
    } else {
        Door::through_or_make(flags, global, ask)
    };
    print(global.output, &applied?)
}

/// Reads the file, and the files of secrets that it names.
fn document(file: &Path) -> Result<Value, Failure> {
    let text = read(file).map_err(|error| Failure::new(exit_of(&error), error))?;
    let name = file.display();
    let usage = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    let mut document = parse(file, &text)
        .with_context(|| format!("{name} is not understood"))
        .map_err(usage)?;
    // Beside the file, so that it can be applied from anywhere.
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    read_secrets(&mut document, &folder)?;
    Ok(document)
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let opened = std::fs::File::open(file);
        Box::new(opened.with_context(|| format!("{} cannot be read", file.display()))?)
    };
    let read = source.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    read.with_context(|| format!("{} cannot be read", file.display()))?;
    anyhow::ensure!(
        text.len() as u64 <= FILE_BYTES_MAX,
        "{} has more than {FILE_BYTES_MAX} bytes",
        file.display()
    );
    Ok(text)
}

fn exit_of(error: &anyhow::Error) -> Exit {
    let kind = error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    match kind {
        Some(std::io::ErrorKind::NotFound) => Exit::NotFound,
        _ => Exit::Failed,
    }
}

/// Almost all JSON is YAML; the rest has tabs in it.
fn parse(file: &Path, text: &str) -> anyhow::Result<Value> {
    let is_json = file
        .extension()
        .is_some_and(|extension| extension == "json");
    if is_json || text.trim_start().starts_with('{') {
        if let Ok(value) = serde_json::from_str(text) {
            return Ok(value);
        }
        if is_json {
            // Only where: what stands there may be a secret.
            let error = serde_json::from_str::<Value>(text).err();
            let (line, column) = error.map_or((0, 0), |error| (error.line(), error.column()));
            anyhow::bail!("it is no JSON at line {line}, column {column}");
        }
    }
    serde_yaml_ng::from_str(text).map_err(|error| match error.location() {
        Some(place) => anyhow::anyhow!(
            "it is no YAML with plain keys at line {}, column {}",
            place.line(),
            place.column()
        ),
        None => anyhow::anyhow!("it is no YAML with plain keys, or more than one document"),
    })
}

/// Puts secrets that stand in files of their own into the document.
fn read_secrets(document: &mut Value, folder: &Path) -> Result<(), Failure> {
    for (list, key) in SECRETS {
        let Some(things) = document.get_mut(list).and_then(Value::as_array_mut) else {
            continue;
        };
        for (index, thing) in things.iter_mut().enumerate() {
            if let Value::Object(fields) = thing {
                let place = format!("{list}[{index}]");
                read_secret(fields, key, folder, &place)?;
            }
        }
    }
    Ok(())
}

fn read_secret(
    fields: &mut Map<String, Value>,
    key: &str,
    folder: &Path,
    place: &str,
) -> Result<(), Failure> {
    let file_key = format!("{key}_file");
    let Some(file) = fields.remove(&file_key) else {
        return Ok(());
    };
    let usage = |text: String| Failure::told(Exit::Usage, text);
    let Some(file) = file.as_str() else {
        return Err(usage(format!("{place}.{file_key} is the name of a file")));
    };
    if fields.contains_key(key) {
        return Err(usage(format!("{place} has both {key} and {file_key}")));
    }
    let path: PathBuf = folder.join(file);
    let told = |reason: &dyn std::fmt::Display| {
        format!(
            "{place}.{file_key}: {} cannot be read: {reason}",
            path.display()
        )
    };
    let opened = std::fs::File::open(&path);
    let opened = opened.map_err(|error| Failure::told(Exit::Failed, told(&error)))?;
    let mut secret = String::new();
    let read = opened
        .take(SECRET_FILE_BYTES_MAX + 1)
        .read_to_string(&mut secret);
    read.map_err(|error| Failure::told(Exit::Failed, told(&error)))?;
    if secret.len() as u64 > SECRET_FILE_BYTES_MAX {
        return Err(Failure::told(Exit::Failed, told(&"it is too large")));
    }
    // Editors end a file with a line end, and no secret does.
    let secret = secret.trim_end_matches(['\r', '\n']).to_owned();
    fields.insert(key.to_owned(), Value::String(secret));
    Ok(())
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
    for plural in PLURALS {
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
                    writeln!(out, "    {key} (shown this once): {made}")?;
                }
            }
        }
    }
    if applied["changed"] != true {
        writeln!(out, "nothing to change")?;
    } else if dry_run {
        writeln!(out, "nothing was changed: this is what would be")?;
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

/// A value on one line; none when there is nothing to see.
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
