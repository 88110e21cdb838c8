//! The name of a public type exists once in the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source::{all_rust_files, is_test, product, read, root};

/// Names that are clear only with their module: `verify::Options`, `gantry::Settings`.
const WITH_THEIR_MODULE: [&str; 7] = [
    "Command",
    "Event",
    "Options",
    "Rejection",
    "Report",
    "Settings",
    "State",
];

/// Names that are still there twice. The list only gets shorter.
const STILL_TWICE: [&str; 41] = [
    "Accuracy",
    "Answer",
    "Answered",
    "AsOf",
    "AsOfError",
    "BlobRef",
    "Caller",
    "Clock",
    "Damage",
    "Evidence",
    "Facts",
    "Fault",
    "Faults",
    "Gantry",
    "Health",
    "History",
    "Hour",
    "Kept",
    "Kind",
    "Limits",
    "Listing",
    "Measured",
    "Missing",
    "Model",
    "Outcome",
    "Parts",
    "Plan",
    "Progress",
    "Projection",
    "Pulse",
    "Refused",
    "Rows",
    "StatusCount",
    "Token",
    "Training",
    "TypeCount",
    "Verdict",
    "View",
    "Wanted",
    "Window",
    "WorkerReports",
];

/// The shapes of the API are called as what they show, and the data of an event as what happened to
/// its aggregate.
fn has_a_namespace(file: &Path) -> bool {
    let is_wire =
        file.components().any(|part| part.as_os_str() == "wire") || file.ends_with("wire.rs");
    let is_event_data = file.starts_with("src/domain") && file.ends_with("event.rs");
    is_wire || is_event_data
}

#[test]
fn a_public_type_has_a_name_of_its_own() {
    let mut homes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in all_rust_files() {
        if is_test(&file) || has_a_namespace(&file) {
            continue;
        }
        for name in product(&read(&root().join(&file)))
            .lines()
            .filter_map(public_type)
        {
            homes
                .entry(name.to_owned())
                .or_default()
                .insert(file.display().to_string());
        }
    }
    let twice: BTreeMap<_, _> = homes.iter().filter(|(_, files)| files.len() > 1).collect();
    for (name, files) in &twice {
        let is_known =
            WITH_THEIR_MODULE.contains(&name.as_str()) || STILL_TWICE.contains(&name.as_str());
        assert!(is_known, "`{name}` is the name of several types: {files:?}");
    }
    for name in STILL_TWICE {
        assert!(
            twice.keys().any(|known| *known == name),
            "`{name}` exists once: take it out of the list"
        );
    }
}

fn public_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let kinds = ["struct ", "enum ", "trait ", "type "];
    let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    let name = rest
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()?;
    // A macro's `$name` is none.
    (!name.is_empty()).then_some(name)
}
