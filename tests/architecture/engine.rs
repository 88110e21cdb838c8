//! The engine of the views knows no view, and its modules have no circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{is_test, read, relative, root, rust_files};

/// The engine of the views folds any view: it names none, and no context.
#[test]
fn the_engine_of_the_views_knows_no_view_and_no_context() {
    for file in rust_files(&root().join("projections/engine")) {
        if is_test(relative(&file)) {
            continue;
        }
        let text = read(&file);
        let inside = text.matches("crate::").count();
        let engine = text.matches("crate::engine::").count();
        let file = file.display();
        assert_eq!(
            inside, engine,
            "{file} names a module outside of the engine"
        );
        for context in [
            "domain::builds",
            "domain::core",
            "domain::jobs",
            "sEvent",
            "CoreEvent",
        ] {
            assert!(!text.contains(context), "{file} names `{context}`");
        }
    }
}

/// The modules of the engine import each other by path, and their arrows have no circle.
#[test]
fn modules_of_the_engine_have_no_circle() {
    let folder = root().join("projections/engine");
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in rust_files(&folder) {
        let inside = file.strip_prefix(&folder).expect("it is within the folder");
        let first = inside.iter().next().and_then(|part| part.to_str());
        let module = first
            .expect("a path has a first part")
            .trim_end_matches(".rs");
        if is_test(relative(&file)) || module == "mod" {
            continue;
        }
        let text = read(&file);
        let is_top = inside.iter().count() == 1;
        for (before, after) in ["super::", "crate::engine::"]
            .iter()
            .filter(|prefix| is_top || **prefix != "super::")
            .flat_map(|prefix| {
                text.match_indices(prefix)
                    .map(move |(at, _)| (at, at + prefix.len()))
            })
        {
            let name: String = text[after..]
                .chars()
                .take_while(|letter| letter.is_ascii_lowercase() || *letter == '_')
                .collect();
            // `super::` of a module within the file leads to the file itself.
            let line = text[..before].rsplit('\n').next().unwrap_or_default();
            let is_nested = line.starts_with(' ') && line.contains("use ");
            assert!(
                is_nested || !name.is_empty(),
                "{} imports through the parent: name the module",
                file.display()
            );
            if !name.is_empty() && name != module {
                arrows.entry(module.to_owned()).or_default().insert(name);
            }
        }
    }
    // A node that leads only to removed ones is removed; the remaining ones form a circle.
    while !arrows.is_empty() {
        let known: BTreeSet<String> = arrows.keys().cloned().collect();
        let before = arrows.len();
        arrows.retain(|_, to| to.iter().any(|name| known.contains(name)));
        assert!(arrows.len() < before, "a circle of modules: {arrows:?}");
    }
}
