//! The arrows between crates: none but those of the table, and each of the table is used.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::source::{all_rust_files, is_test, read, root};

/// Every arrow there is, from a crate to those it may know. The root is the wiring: nothing is
/// hidden from it.
const ARROWS: [(&str, &[&str]); 21] = [
    ("allocation", &["spec"]),
    ("blobs", &[]),
    ("domain", &["spec"]),
    ("eventlog", &[]),
    ("shares", &[]),
    ("spec", &[]),
    ("tables", &[]),
    ("zmtp", &["shares"]),
    ("eventlog_file", &["eventlog"]),
    ("tables_lsm", &["tables"]),
    ("commands", &["domain", "eventlog"]),
    (
        "projections",
        &["allocation", "domain", "eventlog", "tables"],
    ),
    // The questions of reactors to the log are made of its vocabulary.
    (
        "reactors",
        &["commands", "domain", "eventlog", "projections", "zmtp"],
    ),
    // A session remembers the position of the event that set the password.
    ("people", &["commands", "domain", "eventlog", "projections"]),
    // Passwords are hashed and secrets are sealed as `people` does it.
    (
        "provisioning",
        &["commands", "domain", "eventlog", "people", "projections"],
    ),
    // The questions and answers of the views are made of the vocabulary of the log.
    (
        "web",
        &[
            "blobs",
            "commands",
            "domain",
            "eventlog",
            "people",
            "projections",
            "shares",
        ],
    ),
    (
        "api",
        &[
            "allocation",
            "commands",
            "domain",
            "eventlog",
            "people",
            "projections",
            "provisioning",
            "web",
        ],
    ),
    (
        "gantry",
        &[
            "allocation",
            "commands",
            "domain",
            "people",
            "projections",
            "web",
        ],
    ),
    (
        "jobrunner",
        &["commands", "domain", "people", "projections", "web"],
    ),
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
            "tables_lsm",
        ],
    ),
    // What the tests of surfaces and reactors share. It knows none of them.
    (
        "testapp",
        &[
            "blobs",
            "commands",
            "domain",
            "eventlog",
            "people",
            "projections",
            "tables",
            "web",
        ],
    ),
];

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

#[test]
fn every_arrow_is_in_the_table() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for (from, to) in arrows() {
        // The wiring, and what measures any part of it.
        if ["tallyman", "bench"].contains(&from.as_str()) {
            continue;
        }
        let allowed = allowed.get(from.as_str()).unwrap_or_else(|| {
            panic!("crate `{from}` is not in the table of arrows: think, then add it")
        });
        for name in &to {
            assert!(
                allowed.contains(&name.as_str()),
                "`{from}` must not know `{name}`"
            );
        }
        for name in *allowed {
            assert!(
                to.contains(*name),
                "`{from}` does not use `{name}`: take the arrow out of the table"
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

/// Which backend a log has is known where it is opened, and to the tools that look at its files.
/// Everything else works on any log.
#[test]
fn only_the_application_and_replay_know_backends_of_the_log() {
    const MAY: [&str; 4] = ["src/app.rs", "src/app", "src/eventlog_file", "replay"];
    for file in all_rust_files() {
        let is_allowed = is_test(&file) || MAY.iter().any(|folder| file.starts_with(folder));
        let text = read(&root().join(&file));
        assert!(
            is_allowed || !(text.contains("FileLog") || text.contains("eventlog_file::")),
            "{} names a backend of the log: take an `EventLog` from `app::storage`",
            file.display()
        );
    }
}
