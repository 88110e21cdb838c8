//! Contexts are folders of the same name in each layer. Each may name itself and `core`, no other.

use crate::source::{read, root, rust_files};

/// The contexts there are.
const CONTEXTS: [&str; 3] = ["builds", "core", "jobs"];

/// Layers whose folders are contexts.
const LAYERS: [&str; 1] = ["src/domain"];

/// What several contexts share belongs in `core`.
#[test]
fn contexts_are_apart() {
    for layer in LAYERS {
        for context in CONTEXTS {
            for file in rust_files(&root().join(layer).join(context)) {
                let text = read(&file);
                let strangers = CONTEXTS
                    .iter()
                    .filter(|other| **other != context && **other != "core");
                for other in strangers {
                    assert!(
                        !text.contains(&format!("crate::{other}::")),
                        "{} must not name the context `{other}`",
                        file.display()
                    );
                }
            }
        }
    }
}

/// What HTTP surfaces share knows the core context alone; a surface has a state of its own.
#[test]
fn web_knows_no_surface_and_no_context() {
    for file in rust_files(&root().join("src/web")) {
        let text = read(&file);
        for name in ["domain::builds", "domain::jobs", "gantry", "jobrunner"] {
            let file = file.display();
            assert!(!text.contains(name), "{file} must not name `{name}`");
        }
    }
}
