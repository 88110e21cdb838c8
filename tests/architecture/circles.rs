//! The arrows between the modules of the root package go one way: `cli` → `serve` → `app` →
//! `telemetry` → `config`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source::{all_rust_files, is_test, named, product, read, root};

/// The modules that `lib.rs` declares.
fn modules() -> BTreeSet<String> {
    let text = read(&root().join("src/lib.rs"));
    let lines = text.lines().map(|line| line.trim_start_matches("pub "));
    let declared = lines.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    declared.map(str::to_owned).collect()
}

/// To which module of the root package a file belongs.
fn module_of(file: &Path, modules: &BTreeSet<String>) -> Option<String> {
    let below = file.strip_prefix("src").ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    let name = first.trim_end_matches(".rs").to_owned();
    modules.contains(&name).then_some(name)
}

/// A way from a module back to itself, if there is one.
fn circle(arrows: &BTreeMap<String, BTreeSet<String>>, way: &mut Vec<String>) -> bool {
    let last = way.last().expect("a way begins somewhere").clone();
    for next in arrows.get(&last).into_iter().flatten() {
        let is_closed = way.contains(next);
        way.push(next.clone());
        if is_closed || circle(arrows, way) {
            return true;
        }
        way.pop();
    }
    false
}

#[test]
fn the_modules_of_the_root_package_have_no_circle() {
    let modules = modules();
    assert!(modules.contains("app"), "{modules:?}");
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in all_rust_files() {
        let Some(from) = module_of(&file, &modules).filter(|_| !is_test(&file)) else {
            continue;
        };
        let text = read(&root().join(&file));
        let to = named(product(&text), "crate::").into_iter();
        let to = to.filter(|name| modules.contains(name) && *name != from);
        arrows.entry(from.clone()).or_default().extend(to);
    }
    for start in &modules {
        let mut way = vec![start.clone()];
        assert!(!circle(&arrows, &mut way), "a circle: {}", way.join(" → "));
    }
}
