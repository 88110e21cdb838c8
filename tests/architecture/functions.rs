//! A function fits a screen.

use crate::source::{all_rust_files, read, root};

/// Lines of the body of one function, blank ones and comments left out.
const FUNCTION_LINES_MAX: usize = 100;

/// Functions that are still too long, all of them tests. The list only gets shorter.
const STILL_LONG: [&str; 10] = [
    "a_document_with_faults_names_their_places_and_does_nothing",
    "a_list_is_narrowed_by_any_field",
    "a_patch_becomes_the_event_that_it_means",
    "every_kind_of_build_comes_to_its_outcome",
    "every_meter_says_what_its_name_says",
    "everybody_sees_what_section_four_of_the_contract_says",
    "history_that_is_missing_is_noticed_and_nothing_is_changed",
    "roster_event",
    "run_event",
    "what_is_done_to_the_roster_is_audited",
];

#[test]
fn no_function_is_too_long() {
    let mut long = Vec::new();
    for file in all_rust_files() {
        for (name, lines) in functions(&read(&root().join(&file))) {
            if lines > FUNCTION_LINES_MAX {
                let file = file.display();
                let is_known = STILL_LONG.contains(&name.as_str());
                assert!(
                    is_known,
                    "`{name}` in {file} has {lines} lines (limit {FUNCTION_LINES_MAX}): split it"
                );
                long.push(name);
            }
        }
    }
    for name in STILL_LONG {
        let is_long = long.iter().any(|found| found == name);
        assert!(is_long, "`{name}` is short enough: take it out of the list");
    }
}

/// The functions of a file with the lines of their bodies. rustfmt puts the closing brace of a function under its
/// first letter.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        let ends = |other: &&str| other.strip_prefix(indent) == Some("}");
        let ends_head = |other: &&str| other.ends_with(['{', '}', ';']);
        let head = lines[start..].iter().position(ends_head);
        let Some(body) = head.filter(|body| lines[start + body].ends_with('{')) else {
            continue;
        };
        let Some(length) = lines[start + body..].iter().position(ends) else {
            continue;
        };
        let body = &lines[start + body + 1..start + body + length];
        let counts = |line: &&&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        found.push((name.to_owned(), body.iter().filter(counts).count()));
    }
    found
}

/// The name of the function that a line begins.
fn function_name(line: &str) -> Option<&str> {
    let (before, rest) = line.trim_start().split_once("fn ")?;
    let known = ["pub", "pub(crate)", "pub(super)", "const", "async"];
    let is_function = before.split_whitespace().all(|word| known.contains(&word));
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_function && end > 0).then(|| &rest[..end])
}

#[test]
fn blank_lines_and_comments_do_not_count() {
    let text = "impl A {\n    pub(crate) async fn f(\n        x: u8,\n    ) -> u8 {\n        // Why.\n\n        if x {\n        }\n    }\n}\nfn g() {}\nfn h() {\n    1\n}\n";
    let found = functions(text);
    assert_eq!(found, [("f".to_owned(), 2), ("h".to_owned(), 1)]);
}
