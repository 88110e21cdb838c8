//! What is at the top level, what each crate declares, and which crates are pure.

use std::path::{Path, PathBuf};

use crate::source::{all_rust_files, read, root};

/// Crates without clock, randomness or I/O.
const PURE: [&str; 3] = ["src/domain", "src/spec", "projections"];

/// What is allowed at the top: the picture in the README, and the files that tools expect.
const TOP: [&str; 17] = [
    ".ci",
    ".dockerignore",
    ".git",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "ops",
    "projections",
    "replay",
    "src",
    "tests",
];

/// What may lie there besides: tools' settings, and what running leaves behind (never committed).
const BESIDES: [&str; 6] = [
    "proptest-regressions",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tallyman-data",
    "tallyman-demo",
    "target",
];

#[test]
fn pure_crates_forbid_the_clock_and_the_outside_world() {
    for name in PURE {
        let text = std::fs::read_to_string(root().join(name).join("clippy.toml")).unwrap();
        for method in [
            "std::time::SystemTime::now",
            "jiff::Timestamp::now",
            "std::fs::File::open",
        ] {
            assert!(
                text.contains(method),
                "{name}/clippy.toml does not forbid {method}"
            );
        }
    }
}

#[test]
fn every_crate_has_a_description_and_obeys_the_lints() {
    for manifest in manifests(root()) {
        let text = std::fs::read_to_string(&manifest).unwrap();
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{} has lints of its own",
            manifest.display()
        );
        let lib = manifest.with_file_name("lib.rs");
        if lib.exists() {
            let code = std::fs::read_to_string(&lib).unwrap();
            assert!(
                code.starts_with("//! "),
                "{} does not say what it is",
                lib.display()
            );
        }
    }
}

/// A module is in the folder of its crate. What several crates need is a crate: `tests/testapp`.
#[test]
fn no_module_has_a_path_of_its_own() {
    for file in all_rust_files() {
        let text = read(&root().join(&file));
        let has_path = text
            .lines()
            .any(|line| line.trim_start().starts_with("#[path"));
        assert!(!has_path, "{} names a path for a module", file.display());
    }
}

#[test]
fn the_top_level_is_as_drawn() {
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = TOP.contains(&name.as_str()) || BESIDES.contains(&name.as_str());
        assert!(known, "`{name}` is not part of the picture");
    }
}

fn manifests(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = ["src", "projections", "replay", "tests"]
        .map(|name| root.join(name))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "Cargo.toml") {
                found.push(path);
            }
        }
    }
    found
}
