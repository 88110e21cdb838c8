//! Contexts are folders of the same name in each layer. Each may name itself and `core`, no other.

use crate::source::{is_test, read, relative, root, rust_files};

macro_rules! names {
    ($($context:ident $variant:ident $events:ident,)+) => { &[$((stringify!($context), stringify!($events)),)+] };
}

/// The contexts there are, with the type of their events.
const CONTEXTS: &[(&str, &str)] = domain::contexts!(names);

/// Layers whose folders are contexts. In `projections` only the folders that are no context,
/// `allocation` and `pulse`, read several.
const LAYERS: [&str; 3] = ["src/domain", "projections", "src/api"];

/// The audit lists events of every context, and summarises a few of them itself.
const READS_ALL: &str = "core/audit/summary.rs";

/// What several contexts share belongs in `core`.
#[test]
fn contexts_are_apart() {
    for layer in LAYERS {
        for (context, _) in CONTEXTS {
            let files = rust_files(&root().join(layer).join(context));
            assert!(!files.is_empty(), "{layer}/{context} has no files");
            for file in files {
                if is_test(relative(&file)) || file.ends_with(READS_ALL) {
                    continue;
                }
                let text = read(&file);
                for name in foreign(context) {
                    assert!(
                        !text.contains(&name),
                        "{} must not name `{name}`: that is another context",
                        file.display()
                    );
                }
            }
        }
    }
}

/// What a context may not name: modules and events of the others.
fn foreign(context: &str) -> Vec<String> {
    let others = CONTEXTS.iter();
    let others = others.filter(|(other, _)| *other != context && *other != "core");
    others
        .flat_map(|(other, event)| {
            [
                format!("crate::{other}::"),
                format!("domain::{other}::"),
                (*event).to_owned(),
            ]
        })
        .collect()
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
