//! Reads a hand-written document and the secret files that it names. Size, depth and expanded aliases
//! are bounded, because the document may come from an untrusted merge request.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

use crate::cli::{Exit, Failure};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The largest file that holds one secret.
const SECRET_FILE_BYTES_MAX: u64 = 4096;

/// How deep a document may nest, as in a request body.
const DEPTH_MAX: usize = 64;

/// How many values a document may have with all aliases expanded.
const VALUES_MAX: u64 = 2_000_000;

/// The lists and keys whose secret may be in a file of its own.
const SECRETS: [(&str, &str); 2] = [("users", "password"), ("workers", "secret")];

/// Which files of secrets are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// Those in or below the document's folder.
    InFolder,
    /// Any.
    Anywhere,
}

/// Reads the file, and the secret files that it names.
pub(crate) fn read(file: &Path, files: Files) -> Result<Value, Failure> {
    let text = text_of(file).map_err(|error| Failure::new(exit_of(&error), error))?;
    let name = file.display();
    let usage = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    let mut document = parse(file, &text)
        .with_context(|| format!("{name} is not a valid document"))
        .map_err(usage)?;
    // Relative to the file, so that it can be applied from anywhere.
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    read_secrets(&mut document, &folder, files)?;
    Ok(document)
}

fn text_of(file: &Path) -> anyhow::Result<String> {
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
            // Only where: what is there may be a secret.
            let error = serde_json::from_str::<Value>(text).err();
            let (line, column) = error.map_or((0, 0), |error| (error.line(), error.column()));
            anyhow::bail!("invalid JSON at line {line}, column {column}");
        }
    }
    check_bounds(text)?;
    serde_yaml_ng::from_str(text).map_err(|error| match error.location() {
        Some(place) => no_yaml(place.line(), place.column()),
        None => anyhow::anyhow!("expected one YAML document with plain keys"),
    })
}

fn no_yaml(line: usize, column: usize) -> anyhow::Error {
    anyhow::anyhow!("invalid YAML at line {line}, column {column}: expected plain keys")
}

/// Checks the depth of a document and the number of its values with aliases expanded. The parser that
/// builds the values takes quadratic time in the depth, so one that can be stopped runs first.
fn check_bounds(text: &str) -> anyhow::Result<()> {
    // The number of values of each anchor, and of values below each open collection.
    let mut anchors: BTreeMap<usize, u64> = BTreeMap::new();
    let mut open: Vec<(usize, u64)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let place = error.marker();
            no_yaml(place.line(), place.col() + 1)
        })?;
        let (anchor, values) = match event {
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                open.push((anchor, 1));
                let (line, column) = (span.start.line(), span.start.col() + 1);
                anyhow::ensure!(
                    open.len() <= DEPTH_MAX,
                    "nested deeper than {DEPTH_MAX} levels at line {line}, column {column}"
                );
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().unwrap_or_default(),
            Event::Scalar(_, _, anchor, _) => (anchor, 1),
            // One that refers to what it is in itself is refused by the other parser.
            Event::Alias(anchor) => (0, anchors.get(&anchor).copied().unwrap_or(1)),
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, values);
        }
        if let Some((_, sum)) = open.last_mut() {
            *sum = sum.saturating_add(values);
        }
        anyhow::ensure!(
            values <= VALUES_MAX,
            "more than {VALUES_MAX} values with aliases expanded, at line {}",
            span.start.line()
        );
    }
    Ok(())
}

/// Puts the secrets from their files into the document.
fn read_secrets(document: &mut Value, folder: &Path, files: Files) -> Result<(), Failure> {
    for (list, key) in SECRETS {
        let Some(things) = document.get_mut(list).and_then(Value::as_array_mut) else {
            continue;
        };
        for (index, thing) in things.iter_mut().enumerate() {
            if let Value::Object(fields) = thing {
                let place = format!("{list}[{index}]");
                read_secret(fields, key, (folder, files), &place)?;
            }
        }
    }
    Ok(())
}

fn read_secret(
    fields: &mut Map<String, Value>,
    key: &str,
    (folder, files): (&Path, Files),
    place: &str,
) -> Result<(), Failure> {
    let file_key = format!("{key}_file");
    let Some(file) = fields.remove(&file_key) else {
        return Ok(());
    };
    let usage = |text: String| Failure::message(Exit::Usage, text);
    let Some(file) = file.as_str() else {
        return Err(usage(format!("{place}.{file_key}: expected a file name")));
    };
    if fields.contains_key(key) {
        return Err(usage(format!("{place} has both {key} and {file_key}")));
    }
    let path: PathBuf = folder.join(file);
    let reason = |reason: &dyn std::fmt::Display| {
        format!(
            "{place}.{file_key}: {} cannot be read: {reason}",
            path.display()
        )
    };
    let failed = |error: std::io::Error| Failure::message(Exit::Failed, reason(&error));
    if files == Files::InFolder && !is_inside(folder, &path).map_err(failed)? {
        return Err(usage(format!(
            "{place}.{file_key}: {} is not in the folder of the document: give --allow-files if you trust the document",
            path.display()
        )));
    }
    let opened = std::fs::File::open(&path).map_err(failed)?;
    let mut secret = String::new();
    let read = opened
        .take(SECRET_FILE_BYTES_MAX + 1)
        .read_to_string(&mut secret);
    read.map_err(failed)?;
    if secret.len() as u64 > SECRET_FILE_BYTES_MAX {
        return Err(Failure::message(Exit::Failed, reason(&"it is too large")));
    }
    // Editors end a file with a line end, and no secret does.
    let secret = secret.trim_end_matches(['\r', '\n']).to_owned();
    fields.insert(key.to_owned(), Value::String(secret));
    Ok(())
}

/// Whether a file is in or below a folder, with links resolved.
fn is_inside(folder: &Path, file: &Path) -> std::io::Result<bool> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    Ok(file.canonicalize()?.starts_with(folder.canonicalize()?))
}

#[cfg(test)]
mod tests;
