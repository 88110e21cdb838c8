//! Contexts are folders of the same name in each layer. Each may name itself and `core`, no other.

use crate::source::{is_test, named, read, relative, root, rust_files};

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
                let mut modules = named(&text, "crate::");
                modules.extend(named(&text, "domain::"));
                for (other, event) in others(context) {
                    assert!(
                        !modules.contains(*other) && !text.contains(event),
                        "{} must not name `{other}` or `{event}`: that is another context",
                        file.display()
                    );
                }
            }
        }
    }
}

/// The contexts that a context may not name, with the types of their events.
fn others(context: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let others = CONTEXTS.iter();
    others.filter(move |(other, _)| *other != context && *other != "core")
}

/// The table "Add a context" names all files of a context, and those that declare its modules.
#[test]
fn contributing_names_the_files_of_a_context() {
    let text = read(&root().join("CONTRIBUTING.md"));
    let (_, table) = text.split_once("### Add a context").unwrap();
    let (table, _) = table.split_once("\n`Module`").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let mut declared = 0;
    for cells in rows.map(|row| row.split('|').collect::<Vec<_>>()) {
        for path in cells[2].split('`').skip(1).step_by(2) {
            for (context, _) in CONTEXTS {
                let path = path.replace("<context>", context);
                let file = root().join(&path);
                assert!(file.is_file(), "CONTRIBUTING.md: {path} does not exist");
                if cells[3].contains("`mod <context>;`") {
                    let declaration = format!("mod {context};");
                    assert!(
                        read(&file).contains(&declaration),
                        "{path} has no `{declaration}`"
                    );
                    declared += 1;
                }
            }
        }
    }
    assert_eq!(declared, 5 * CONTEXTS.len(), "one line in each layer");
}

/// What HTTP surfaces share knows the core context alone; a surface has a state of its own.
#[test]
fn web_knows_no_surface_and_no_context() {
    for file in rust_files(&root().join("src/web")) {
        let text = read(&file);
        let modules = named(&text, "domain::");
        let file = file.display();
        for (context, _) in others("core") {
            assert!(
                !modules.contains(*context),
                "{file} must not name the context `{context}`"
            );
        }
        for name in ["gantry", "jobrunner"] {
            assert!(!text.contains(name), "{file} must not name `{name}`");
        }
    }
}
