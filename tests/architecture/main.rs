//! The app stands as the README draws it: who may know whom, and what every room promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod advisories;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Every arrow there is, from a crate to those it may know. The root is the wiring: nothing is hidden from it.
const ARROWS: [(&str, &[&str]); 14] = [
    ("allocation", &[]),
    ("blobs", &[]),
    ("domain", &[]),
    ("eventlog", &[]),
    ("tables", &[]),
    ("eventlog_file", &["eventlog"]),
    ("commands", &["domain", "eventlog"]),
    (
        "projections",
        &["allocation", "domain", "eventlog", "tables"],
    ),
    // The questions of reactors to the log are made of its vocabulary.
    (
        "reactors",
        &["commands", "domain", "eventlog", "projections"],
    ),
    // The questions and answers of the views are made of the vocabularies of the log and of allocations.
    (
        "web",
        &[
            "allocation",
            "blobs",
            "commands",
            "domain",
            "eventlog",
            "projections",
        ],
    ),
    (
        "api",
        &["commands", "domain", "eventlog", "projections", "web"],
    ),
    ("gantry", &["commands", "domain", "projections", "web"]),
    ("jobrunner", &["commands", "domain", "projections", "web"]),
    (
        "replay",
        &[
            "allocation",
            "blobs",
            "domain",
            "eventlog",
            "eventlog_file",
            "projections",
            "tables",
        ],
    ),
];

/// Crates in which nothing may ask for the time, for chance or for the outside world.
const PURE: [&str; 2] = ["src/domain", "projections"];

/// What is allowed at the top: the picture in the README, and what tools expect beside it.
const TOP: [&str; 16] = [
    ".ci",
    ".dockerignore",
    ".git",
    ".gitignore",
    "CHANGELOG.md",
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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--locked".to_owned(), "--offline".to_owned()])
        .exec()
        .expect("cargo can describe the workspace");
    let members: BTreeSet<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let known = |package: &cargo_metadata::Package| {
        package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.clone())
            .filter(|name| members.contains(name))
            .collect()
    };
    metadata
        .packages
        .iter()
        .map(|package| (package.name.to_string(), known(package)))
        .collect()
}

/// A context may name itself and `core`. What several share belongs in `core`.
#[test]
fn contexts_of_the_domain_are_apart() {
    const CONTEXTS: [&str; 3] = ["builds", "core", "jobs"];
    for context in CONTEXTS {
        for file in rust_files(&root().join("src/domain").join(context)) {
            let text = std::fs::read_to_string(&file).expect("a source file can be read");
            for other in CONTEXTS {
                let is_allowed = other == context || other == "core";
                let names = text.contains(&format!("crate::{other}::"));
                let file = file.display();
                assert!(
                    is_allowed || !names,
                    "{file} must not name the context `{other}`"
                );
            }
        }
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder can be read");
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    let found = paths.flat_map(|path| match path.is_dir() {
        true => rust_files(&path),
        false if path.extension().is_some_and(|extension| extension == "rs") => vec![path],
        false => vec![],
    });
    found.collect()
}

#[test]
fn every_arrow_is_in_the_table() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for (from, to) in arrows() {
        if from == "tallyman" {
            continue;
        }
        let allowed = allowed.get(from.as_str()).unwrap_or_else(|| {
            panic!("crate `{from}` is not in the table of arrows: think, then add it")
        });
        for name in to {
            assert!(
                allowed.contains(&name.as_str()),
                "`{from}` must not know `{name}`"
            );
        }
    }
}

/// Which backend a log has is known where it is opened, and to the tools that look at its files. Everything else
/// works on any log.
#[test]
fn backends_of_the_log_are_known_to_the_application_and_to_replay_alone() {
    // `bench` measures the embedded backend by name.
    const MAY: [&str; 5] = [
        "src/app.rs",
        "src/app/",
        "src/cli/bench/",
        "src/eventlog_file/",
        "replay/",
    ];
    for file in ["src", "projections"].map(|folder| rust_files(&root().join(folder))) {
        for file in file {
            let place = file.strip_prefix(root()).unwrap().to_str().unwrap();
            if MAY.iter().any(|start| place.starts_with(start)) || place.contains("/examples/") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(
                !text.contains("FileLog") && !text.contains("eventlog_file::"),
                "{place} names a backend of the log: take an `EventLog` from `app::storage`"
            );
        }
    }
}

#[test]
fn every_row_of_the_table_is_a_crate() {
    let crates = arrows();
    for (from, to) in ARROWS {
        for name in std::iter::once(&from).chain(to) {
            assert!(crates.contains_key(*name), "there is no crate `{name}`");
        }
    }
}

#[test]
fn the_pure_rooms_forbid_the_clock_and_the_outside_world() {
    for room in PURE {
        let text = std::fs::read_to_string(root().join(room).join("clippy.toml")).unwrap();
        for method in [
            "std::time::SystemTime::now",
            "jiff::Timestamp::now",
            "std::fs::File::open",
        ] {
            assert!(
                text.contains(method),
                "{room}/clippy.toml does not forbid {method}"
            );
        }
    }
}

#[test]
fn every_crate_says_what_it_is_and_obeys_the_lints() {
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
    let mut folders = vec![
        root.join("src"),
        root.join("projections"),
        root.join("replay"),
    ];
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
