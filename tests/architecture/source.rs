//! Reads the sources of the workspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folders that hold Rust code.
const FOLDERS: [&str; 4] = ["src", "projections", "replay", "tests"];

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a source file.
pub(crate) fn read(file: &Path) -> String {
    std::fs::read_to_string(file).expect("a source file can be read")
}

/// Every Rust file below a folder.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder can be read");
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    let found = paths.flat_map(|path| match path.is_dir() {
        true => rust_files(&path),
        false if path.extension().is_some_and(|extension| extension == "rs") => vec![path],
        false => vec![],
    });
    found.collect()
}

/// The path of a file from the folder of the workspace.
pub(crate) fn relative(file: &Path) -> &Path {
    file.strip_prefix(root()).expect("it is below the root")
}

/// Every Rust file of the workspace, relative to its folder.
pub(crate) fn all_rust_files() -> Vec<PathBuf> {
    let files = FOLDERS
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)));
    let mut files: Vec<_> = files.map(|file| relative(&file).to_owned()).collect();
    files.sort();
    files
}

/// Whether a file, relative to the root, is only compiled for tests or measuring.
pub(crate) fn is_test(file: &Path) -> bool {
    const FOLDERS: [&str; 5] = ["tests", "testing", "contract", "examples", "support"];
    let is_test_folder = file
        .components()
        .any(|part| FOLDERS.iter().any(|name| part.as_os_str() == *name));
    let stem = file.file_stem().unwrap_or_default();
    is_test_folder
        || ["tests", "testing", "contract", "conformance"]
            .iter()
            .any(|name| stem == *name)
}

/// The part of a product file that is not its tests: a test module comes last.
pub(crate) fn product(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text)
}

/// What a file names right after a prefix such as `crate::`: `crate::app`, `crate::{app, config::Config}`.
pub(crate) fn named(text: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in text.split(prefix).skip(1) {
        match rest.strip_prefix('{') {
            None => names.extend(first_word(rest)),
            Some(group) => names.extend(members(group)),
        }
    }
    names
}

/// The first words of the members of a group, up to its closing brace.
fn members(group: &str) -> Vec<String> {
    let (mut depth, mut end) = (0_usize, group.len());
    let mut starts = vec![0];
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                end = at;
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    let within = starts.into_iter().filter(|start| *start < end);
    within
        .filter_map(|start| first_word(group[start..end].trim_start()))
        .collect()
}

fn first_word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let word = &text[..end.unwrap_or(text.len())];
    (!word.is_empty()).then(|| word.to_owned())
}

#[test]
fn what_a_file_names_is_found_alone_and_in_groups() {
    let text = "use crate::app;\nuse crate::{config::{Config, Flags}, serve, cli::{self}};\ncrate::telemetry::start()";
    let found: Vec<_> = named(text, "crate::").into_iter().collect();
    assert_eq!(found, ["app", "cli", "config", "serve", "telemetry"]);
}
