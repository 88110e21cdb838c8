//! Reads the sources of the workspace.

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
